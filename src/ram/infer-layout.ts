// Which layout does this block list have? Nothing in the stream says 4.0 or 4.1+, so every layout that the context
// allows is tried on the bytes, and one that breaks no rule is the answer; two are an ambiguity, which is reported and
// never guessed. Rules R1 to R10 and why they suffice: docs/format.md "Inferring the dialect".

import { quote } from '../base/quote.js';
import { isPowerOfTwo } from '../base/units.js';
import { hex, Window } from '../bytes/window.js';
import { MigrationStreamError } from '../base/errors.js';
import { MAX_RAM_BLOCKS } from '../limits.js';
import { layouts, type BlockLayout, type LayoutName } from '../wire/dialect.js';
import { MAPPED_RAM_VERSION, mappedPagesOffset } from '../wire/mapped-ram.js';
import { ramBlockEntry, type RamBlockEntry } from '../wire/ram-block.js';
import { ramFlag } from '../wire/ram-flags.js';
import { sectionType } from '../wire/section.js';

/** What the stream said before its block list. */
export interface LayoutContext {
  /** Names in configuration/capabilities; undefined without a configuration section; empty without the subsection. */
  readonly capabilities: readonly string[] | undefined;
  /** OR of page sizes in a 16-byte POSTCOPY_ADVISE; undefined when none came. */
  readonly adviseSummary: bigint | undefined;
  readonly pageSize: number;
  /** Of the section that the list stands in, for the footer after it. */
  readonly sectionId: number;
  /** Undefined: not known yet. */
  readonly footers: boolean | undefined;
}

/** A layout that was tried and what became of it. */
export interface LayoutTrial {
  readonly layout: LayoutName;
  /** Undefined: it fits. Else the first rule broken, with the offset. */
  readonly broken?: string;
  /** Nothing spoke against it but that the bytes ended. */
  readonly truncated?: boolean;
}

export interface LayoutChoice {
  /** Empty: none fits. Two or more: ambiguous. */
  readonly fitting: readonly BlockLayout[];
  readonly trials: readonly LayoutTrial[];
  /**
   * What else the bytes allow: layouts that differ in nothing here (an empty list), that break only the rules about
   * taste while `fitting` breaks none; or `relaxed rules` when `fitting` breaks such rules itself, and then also those
   * that would need more bytes than there are.
   */
  readonly alternatives: readonly string[];
}

/** docs/format.md: the capability list is authoritative for everything but 4.0 against 4.1. */
export function candidateLayouts(context: LayoutContext): readonly BlockLayout[] {
  const { capabilities, adviseSummary } = context;
  if (capabilities === undefined) {
    if (adviseSummary !== undefined) return [layouts.plain, layouts.postcopy];
    return [
      layouts.plain,
      layouts['ignore-shared-4.0'],
      layouts['ignore-shared-4.1'],
      layouts['mapped-ram'],
      layouts['ignore-shared-mapped-ram'],
    ];
  }
  const shared = capabilities.includes('x-ignore-shared');
  if (capabilities.includes('mapped-ram'))
    return [shared ? layouts['ignore-shared-mapped-ram'] : layouts['mapped-ram']];
  if (shared) return [layouts['ignore-shared-4.0'], layouts['ignore-shared-4.1']];
  return adviseSummary === undefined ? [layouts.plain] : [layouts.plain, layouts.postcopy];
}

/**
 * Tries `candidates` on the list that begins at `window.at` (behind the MEM_SIZE word) and must sum to `total`.
 * Moves nothing.
 */
export function inferLayout(
  window: Window,
  total: number,
  context: LayoutContext,
  candidates: readonly BlockLayout[],
): LayoutChoice {
  const strict = tryAll(window, total, context, candidates, true);
  const relaxed = tryAll(window, total, context, candidates, false);
  if (strict.fitting.length > 0) {
    const looser = relaxed.fitting.filter((layout) => !strict.fitting.includes(layout)).map((layout) => layout.name);
    return { fitting: strict.fitting, trials: strict.trials, alternatives: [...strict.same, ...looser] };
  }
  // With fewer rules a wrong layout may fit where the right one is only cut short.
  const cut = relaxed.trials.filter((trial) => trial.truncated).map((trial) => trial.layout);
  return { fitting: relaxed.fitting, trials: relaxed.trials, alternatives: ['relaxed rules', ...relaxed.same, ...cut] };
}

function tryAll(
  window: Window,
  total: number,
  context: LayoutContext,
  candidates: readonly BlockLayout[],
  strict: boolean,
): { readonly fitting: BlockLayout[]; readonly trials: LayoutTrial[]; readonly same: LayoutName[] } {
  const trials: LayoutTrial[] = [];
  const fitting: BlockLayout[] = [];
  const same: LayoutName[] = [];
  const readings = new Set<string>();
  for (const layout of candidates) {
    const trial = tryLayout(window, total, context, layout, strict);
    if (!Array.isArray(trial)) {
      trials.push({ layout: layout.name, ...trial });
      continue;
    }
    trials.push({ layout: layout.name });
    // Two layouts that read the same entries from the same bytes are one answer (an empty list; no page_size field).
    const reading = JSON.stringify(trial, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
    if (!readings.has(reading)) fitting.push(layout);
    else if (trial.length === 0) same.push(layout.name);
    readings.add(reading);
  }
  return { fitting, trials, same };
}

type Broken = { readonly broken: string; readonly truncated?: boolean };

/** The entries, or the first rule broken in words. */
function tryLayout(
  outer: Window,
  total: number,
  context: LayoutContext,
  layout: BlockLayout,
  strict: boolean,
): RamBlockEntry[] | Broken {
  const window = Window.over(outer.bytes.subarray(outer.at, outer.end), outer.position);
  const entry = ramBlockEntry(layout, context.pageSize);
  const entries: RamBlockEntry[] = [];
  const names = new Set<string>();
  let sum = 0;
  try {
    while (sum < total) {
      if (entries.length >= MAX_RAM_BLOCKS) return { broken: `more than ${MAX_RAM_BLOCKS} entries` };
      const start = window.position;
      const block = entry.decode(window);
      const broken = entryRule(block, layout, context, strict, names, window.position);
      if (broken !== undefined) return { broken: `${broken} at ${hex(start)}` };
      names.add(block.idstr);
      sum += block.usedLength;
      if (sum > total) return { broken: `R3: lengths pass the total at ${hex(start)}` };
      entries.push(block);
      // A mapped entry is followed by the block's pages, which are not looked ahead: the header alone is proof enough.
      if (layout.mapped && block.mapped!.pagesOffset !== 0) return entries;
    }
    const broken = afterList(window, context, entries, strict);
    return broken === undefined ? entries : { broken };
  } catch (error) {
    if (error instanceof MigrationStreamError) return { broken: error.message, truncated: error.code === 'truncated' };
    throw error;
  }
}

function entryRule(
  block: RamBlockEntry,
  layout: BlockLayout,
  context: LayoutContext,
  strict: boolean,
  names: ReadonlySet<string>,
  position: number,
): string | undefined {
  const { pageSize } = context;
  if (block.idstr === '') return 'R1: empty name';
  if (layout.mapped) {
    const header = block.mapped!;
    if (header.version !== MAPPED_RAM_VERSION) return `R8: mapped-ram header version ${header.version}`;
    if (header.pageSize !== pageSize) return `R8: mapped-ram page size ${header.pageSize}`;
    const ignored = header.bitmapOffset === 0 && header.pagesOffset === 0;
    const where = mappedPagesOffset(position, block.usedLength, pageSize);
    // With `file:…,offset=` inside another file both may be shifted alike; the distance may not.
    const pages = header.pagesOffset - header.bitmapOffset >= where - position - 0x10_0000;
    if (!ignored && (!pages || (strict && header.bitmapOffset < position))) return 'R8: mapped-ram offsets';
  }
  if (block.pageSize !== undefined) {
    const summary = context.adviseSummary ?? 0n;
    if (!isPowerOfTwo(block.pageSize) || block.pageSize <= pageSize) return `R7: page_size ${hex(block.pageSize)}`;
    if (strict && (BigInt(block.pageSize) & summary) === 0n)
      return `R7: page_size ${hex(block.pageSize)} not in ADVISE`;
  }
  if (!strict) return undefined;
  if (!/^[\x21-\x7e]+$/.test(block.idstr)) return 'R1: unprintable name';
  if (names.has(block.idstr)) return 'R2: repeated name';
  if (block.usedLength === 0 || block.usedLength % pageSize !== 0) return `R3: length ${hex(block.usedLength)}`;
  if (block.gpa !== undefined && block.gpa % BigInt(pageSize) !== 0n) return `R5: address ${hex(block.gpa)}`;
  if (block.ignored !== undefined && block.ignored > 1) return `R6: ignored byte ${block.ignored}`;
  return undefined;
}

/** R9: optional MULTIFD_FLUSH, then EOS, nothing else. R10: then the footer, or what can follow without one. */
function afterList(
  window: Window,
  context: LayoutContext,
  entries: readonly RamBlockEntry[],
  strict: boolean,
): string | undefined {
  const start = window.position;
  let word = window.u64big();
  if (!strict && word !== BigInt(ramFlag.eos) && word !== BigInt(ramFlag.multifdFlush))
    return pageRecord(window, word, context, entries);
  if (word === BigInt(ramFlag.multifdFlush)) word = window.u64big();
  if (word !== BigInt(ramFlag.eos)) return `R9: record ${hex(word)} at ${hex(start)}`;
  const next = window.peek();
  if (context.footers !== false && next === sectionType.footer) {
    window.u8();
    const id = window.u32();
    return id === context.sectionId ? undefined : `R10: footer of section ${id}`;
  }
  if (context.footers === true && next !== undefined) return 'R10: no footer';
  const follows: readonly (number | undefined)[] = [
    sectionType.start,
    sectionType.part,
    sectionType.end,
    sectionType.full,
    sectionType.command,
    sectionType.eof,
  ];
  if (next === undefined) throw window.truncated(1);
  return follows.includes(next) ? undefined : `R10: byte ${next} after the section`;
}

/** Streams made by hand may go on with pages: the first must name a listed block and lie inside it. */
function pageRecord(
  window: Window,
  word: bigint,
  context: LayoutContext,
  entries: readonly RamBlockEntry[],
): string | undefined {
  const mask = BigInt(context.pageSize - 1);
  const flags = Number(word & mask);
  if (![ramFlag.zero, ramFlag.page, ramFlag.xbzrle, ramFlag.compressPage].some((flag) => flag === flags))
    return `R9: record ${hex(word)}`;
  const name = window.latin1(window.u8());
  const block = entries.find((entry) => entry.idstr === name);
  return block !== undefined && (word & ~mask) < BigInt(block.usedLength)
    ? undefined
    : `R9: page record for ${quote(name)}`;
}
