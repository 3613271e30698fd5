// The first lines of `mstream inspect`: the kind of file, its writer and the evidence for it, machine, capabilities,
// missing parts, dialect. Every fact that decides whether a stream loads is here.

import { uuidText } from '../../base/uuid.js';
import { escapeText, quote } from '../../base/quote.js';
import type { BlockRow } from '../../ops/block-rows.js';
import type { Inspection } from '../../ops/inspect.js';
import type { Clue, Producer } from '../../open/producer.js';
import { compareVersions, versionText } from '../../release/version.js';
import type { DialectEvent } from '../../ram/event.js';
import { printableLine } from '../printable.js';
import { bytesText, hexText, humanBytes, plural } from '../quantity.js';
import type { Theme } from '../theme.js';

/** A fact, and lines of evidence below it. */
interface Fact {
  readonly label: string;
  readonly value: string;
  readonly because: readonly string[];
}

export function summaryLines(inspection: Inspection, theme: Theme): string[] {
  const facts = [
    producerFact(inspection.producer, theme),
    ...machineFacts(inspection, theme),
    ...leftOutFacts(inspection, theme),
    ...mappedFacts(inspection, theme),
    ...missingFacts(inspection, theme),
    ...dialectFacts(inspection, theme),
  ];
  const width = Math.max(...facts.map((fact) => fact.label.length));
  return [titleLine(inspection, theme), '', ...facts.flatMap((fact) => factLines(fact, width, theme))];
}

function titleLine(inspection: Inspection, theme: Theme): string {
  const { label, size, error, complete, totals } = inspection;
  const name = `${theme.strong(printableLine(label))}: QEMU migration stream`;
  if (error !== undefined) {
    const all = size === undefined ? '' : ` of ${bytesText(size)}`;
    return `${name}, ${theme.error('damaged')}, read up to ${theme.offset(hexText(totals.bytes))}${all}`;
  }
  return `${name}, ${complete ? 'whole' : theme.error('unfinished')}, ${bytesText(size ?? totals.bytes)}`;
}

function factLines(fact: Fact, width: number, theme: Theme): string[] {
  const indent = ' '.repeat(width + 4);
  return [
    `  ${theme.label(fact.label.padEnd(width))}  ${fact.value}`,
    ...fact.because.map((line) => theme.dim(`${indent}${line}`)),
  ];
}

/** "QEMU 4.0 exactly", "QEMU 4.1 to 5.2", "QEMU 6.0 or later". */
function producerText(producer: Producer): string {
  const { since, until, contradictory } = producer;
  if (contradictory) return 'no QEMU release: the signs exclude each other';
  if (since !== undefined && until !== undefined) {
    return compareVersions(since, until) === 0
      ? `QEMU ${versionText(since)} exactly`
      : `QEMU ${versionText(since)} to ${versionText(until)}`;
  }
  if (since !== undefined) return `QEMU ${versionText(since)} or later`;
  return until === undefined ? 'any QEMU' : `QEMU ${versionText(until)} or earlier`;
}

function producerFact(producer: Producer, theme: Theme): Fact {
  const text = producerText(producer);
  return {
    label: 'made by',
    value: producer.contradictory ? `${theme.warning(text)} (edited, a fork, or a backport)` : theme.good(text),
    // A range with both ends says most.
    because: [...producer.clues]
      .sort((a, b) => sides(b) - sides(a))
      .map((clue) => `${printableLine(clue.seen)}: ${clueRange(clue)}`),
  };
}

function sides({ since, until }: Clue): number {
  return (since === undefined ? 0 : 1) + (until === undefined ? 0 : 1);
}

function clueRange({ since, until }: Clue): string {
  if (since !== undefined && until !== undefined) {
    return compareVersions(since, until) === 0
      ? `only ${versionText(since)}`
      : `${versionText(since)} to ${versionText(until)}`;
  }
  if (since !== undefined) return `${versionText(since)} or later`;
  return until === undefined ? 'any' : `${versionText(until)} or earlier`;
}

function machineFacts({ configuration, capabilities, complete }: Inspection, theme: Theme): Fact[] {
  if (configuration === undefined) {
    return complete ? [{ label: 'machine', value: theme.dim('not said (no configuration section)'), because: [] }] : [];
  }
  const facts: Fact[] = [{ label: 'machine', value: theme.strong(escapeText(configuration.machine)), because: [] }];
  const list =
    capabilities === undefined || capabilities.length === 0
      ? theme.dim('none that must match')
      : capabilities.map(escapeText).join(', ');
  facts.push({ label: 'capabilities', value: capabilities?.length ? theme.strong(list) : list, because: [] });
  for (const part of configuration.subsections) {
    if (part.kind === 'uuid') facts.push({ label: 'uuid', value: uuidText(part.uuid), because: [] });
    if (part.kind === 'unknown') {
      const value = theme.warning(
        `${quote(part.name)}, ${plural(part.bytes.length, 'byte')}: no subsection that is known`,
      );
      facts.push({ label: 'also', value, because: [] });
    }
  }
  return facts;
}

const ignoredReasons: Readonly<Record<BlockRow['ignoredHow'], string>> = {
  'ignored-byte': 'its ignored byte says so',
  'mapped-ram-header': 'its mapped-ram header says so',
  'no-pages': 'no page of it came',
  pages: 'pages came',
  'mapped-area': 'its pages stand in the file',
  unknown: 'the stream broke off before one could tell',
};

function ignoredReason(how: BlockRow['ignoredHow']): string {
  return ignoredReasons[how];
}

function leftOutFacts({ blocks }: Inspection, theme: Theme): Fact[] {
  const out = blocks.filter((block) => block.ignored === true);
  if (out.length === 0) return [];
  const shown = out
    .slice(0, 4)
    .map((block) => `${theme.warning(escapeText(block.idstr))} ${humanBytes(block.usedLength)}`);
  const more = out.length > 4 ? `, and ${plural(out.length - 4, 'more block')}` : '';
  const hows = [...new Set(out.map((block) => ignoredReason(block.ignoredHow)))].join('; ');
  return [
    { label: 'not in here', value: `${shown.join(', ')}${more}: ${theme.warning('ignored')} (${hows})`, because: [] },
  ];
}

/** The content of the bitmaps of a mapped-ram file, and their limits. */
function mappedFacts({ blocks, dialect }: Inspection, theme: Theme): Fact[] {
  const counted = blocks.filter((block) => block.mapped !== undefined && (block.sent.absent ?? 0) < block.pages);
  if (counted.length === 0) return [];
  const present = counted.reduce((sum, block) => sum + block.sent.page, 0);
  const clear = counted.reduce((sum, block) => sum + block.sent.zero, 0);
  const looked = counted.every((block) => block.mapped!.stale !== undefined);
  const stale = counted.reduce((sum, block) => sum + (block.mapped!.stale ?? 0), 0);
  const old = looked
    ? `${stale === 0 ? 'none' : theme.warning(plural(stale, 'page'))} of the zero pages ${stale === 1 ? 'has' : 'have'} old bytes in the file (every place was read)`
    : 'whether old bytes stand in the place of zero pages was not looked at (--stale reads them)';
  const base = dialect.mappedBase;
  const where =
    base === undefined
      ? []
      : [`offsets count from ${hexText(Number(base.value))} bytes before the stream (${hows[base.how]})`];
  const value = `${plural(present, 'page')} in the file, ${plural(clear, 'zero page')} ${theme.dim('(the bitmaps say so)')}`;
  return [{ label: 'mapped-ram', value, because: [old, ...where] }];
}

/** Pages that were not sent, without a reason in the stream. */
function missingFacts({ blocks, complete }: Inspection, theme: Theme): Fact[] {
  const short = blocks.filter(
    (block) => block.ignored !== true && block.mapped === undefined && (block.sent.absent ?? 0) > 0,
  );
  if (!complete || short.length === 0) return [];
  const pages = short.reduce((sum, block) => sum + block.sent.absent!, 0);
  const value = `${theme.warning(`${plural(pages, 'page')} of ${plural(short.length, 'block')} never came`)} (multifd channels? postcopy? free-page hints?)`;
  return [{ label: 'missing', value, because: [] }];
}

const hows: Readonly<Record<DialectEvent['how'], string>> = {
  option: 'by option',
  configuration: 'the configuration says so',
  vmdescription: 'the vmdescription says so',
  inferred: 'inferred from the bytes',
  default: 'nothing said otherwise',
};

function dialectFacts({ dialect }: Inspection, theme: Theme): Fact[] {
  const facts: Fact[] = [];
  const { layout, targetPageSize, footers } = dialect;
  if (layout !== undefined) {
    // The reader reports it when only the total and the bytes after the list fit, but not every rule.
    const relaxed = layout.alternatives.includes('relaxed rules') ? '; not every rule holds' : '';
    const alternatives = layout.alternatives.filter((name) => name !== 'relaxed rules');
    const likely = alternatives.length === 0 ? relaxed : `${relaxed}; also possible: ${alternatives.join(', ')}`;
    facts.push({
      label: 'dialect',
      value: `${theme.strong(String(layout.value))} ${theme.dim(`(${hows[layout.how]}${likely})`)}`,
      because: layout.trials
        .filter((trial) => trial.broken !== undefined)
        .map((trial) => `${trial.layout} does not fit: ${printableLine(trial.broken!)}`),
    });
  }
  if (targetPageSize !== undefined) {
    const likely =
      targetPageSize.alternatives.length === 0
        ? ''
        : `; also possible: ${targetPageSize.alternatives.map((size) => humanBytes(Number(size))).join(', ')}`;
    facts.push({
      label: 'target page',
      value: `${humanBytes(Number(targetPageSize.value))} ${theme.dim(`(${hows[targetPageSize.how]}${likely})`)}`,
      because: [],
    });
  }
  if (footers !== undefined) {
    facts.push({
      label: 'footers',
      value: `${footers.value === true ? 'yes' : 'no'} ${theme.dim(`(${hows[footers.how]})`)}`,
      because: [],
    });
  }
  return facts;
}
