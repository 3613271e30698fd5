// QEMU's words explained: what happened, why it usually does, and what to do, with the values of the message filled in;
// and where in a stream that is, when one is at hand. A text that no table knows stays unexplained, and that is said.

import { escapeText, quote } from '../../base/quote.js';
import type { Inspection } from '../inspect.js';
import {
  loadMessages,
  matchMessage,
  messageIds,
  wordsOfNumber,
  type MessageEffect,
  type MessageId,
  type MessageMatch,
} from '../../release/messages/index.js';
import type { KnownBug } from '../../release/known-bug-row.js';
import { bugsByWords } from '../../release/known-bugs.js';
import { ruleFor } from '../../release/causes/rules.js';
import { piecesFor } from '../../release/messages/table.js';
import { compareVersions, versionText } from '../../release/version.js';
import { explained, sourceOf } from '../../release/causes/rows.js';
import type { ExplanationRow } from '../../release/causes/row.js';
import { missingFeatures, virtioDevice } from '../../loader/virtio/feature-options.js';
import { attemptsOf, DEVICE_LINES, FOLDED, LAST_LINES, type Attempt } from './attempts.js';
import { saidLines } from './paste.js';

export interface Explanation extends ExplanationRow {
  /** `not-known`: the line that gives the reason, which no table has. */
  readonly id: MessageId | 'not-known';
  /** The words that were recognised, escaped. */
  readonly text: string;
  /** Does the load fail with it, or is it said beside? */
  readonly effect: MessageEffect;
  /** What the numbers say: names of virtio features. */
  readonly details: readonly string[];
  /** Releases that say it so; empty: all. */
  readonly versions: readonly string[];
  /** File and function of QEMU. */
  readonly source: string;
  /** Where in the stream, when one was given. */
  readonly places: readonly Place[];
  /** Known bugs of QEMU that are told by these words. */
  readonly bugs: readonly KnownBug[];
}

export interface Place {
  readonly what: string;
  /** Absolute, in bytes. */
  readonly offset: number;
}

/** A quotation from memory is short, and no single word. */
const MAX_QUOTE = 500;
const MIN_QUOTE = 12;

/** Explanations that one text may have: a log of gigabytes says the same thing again. */
const MAX_EXPLANATIONS = 200;

/** What is known of the stream that the words were said about. */
export interface ExplainFacts {
  readonly inspection?: Inspection | undefined;
  /** Devices of the stream that fit the values of a message, as labels; undefined: neither tells. */
  readonly fits?: ((match: MessageMatch) => readonly string[] | undefined) | undefined;
}

/**
 * Every message of QEMU's in `text`, in its order, each once, in whatever carrier it was pasted. Where QEMU said that a
 * load failed and no known message gives the reason, the line that does is one of them, as `not-known`. Empty: nothing
 * in the text is known.
 */
export function explain(text: string, facts: ExplainFacts = {}): Explanation[] {
  const lines = saidLines(text, letters);
  const attempts = attemptsOf(lines);
  const found = new Map<string, Explanation>();
  const add = (key: string, explanation: Explanation): void => {
    if (found.size < MAX_EXPLANATIONS && !found.has(key)) found.set(key, explanation);
  };
  for (const attempt of attempts) {
    const all = attempt.said.map(({ match }) => match);
    for (const { match, words } of attempt.said)
      if (!FOLDED.has(match.id)) add(words, explanationOf(match, words, all, facts));
    if (attempt.reason !== undefined) add(attempt.reason, notKnown(attempt.reason));
    const folded = foldedOf(attempt, facts);
    if (folded !== undefined) add(folded.text, folded);
  }
  if (found.size > 0) return withoutLastLines([...found.values()]);
  const quoted = lines.join('\n');
  for (const match of beginnings(quoted))
    add(match.id, explanationOf(match, quoted.slice(match.start, match.end), [match], facts));
  return withoutLastLines([...found.values()]);
}

/** The last line explains nothing where something else does. */
function withoutLastLines(all: readonly Explanation[]): Explanation[] {
  const reason = all.some((explanation) => explanation.effect === 'fatal' && !LAST_LINES.has(explanation.id));
  return reason ? all.filter((explanation) => !LAST_LINES.has(explanation.id)) : [...all];
}

/** How much of the lines are QEMU's own words. */
function letters(lines: readonly string[]): number {
  let sum = 0;
  for (const line of lines) {
    for (const { start, end, values } of matchMessage(line)) {
      const inside = Object.values(values).reduce((count, value) => count + value.length, 0);
      sum += Math.max(1, end - start - inside);
    }
  }
  return sum;
}

/** A line that no table knows, and that gives the reason. */
function notKnown(line: string): Explanation {
  return {
    id: 'not-known',
    text: escapeText(line),
    effect: 'fatal',
    meaning: 'not known here; this line is the reason',
    causes: [],
    cures: [],
    details: [],
    versions: [],
    source: 'no table of this program',
    places: [],
    bugs: bugsByWords(line),
  };
}

/** "Failed to load …" and "error while loading state …" as one: in which device, in which field. */
function foldedOf(attempt: Attempt, { inspection }: ExplainFacts): Explanation | undefined {
  const contexts = attempt.said.filter(({ match }) => FOLDED.has(match.id));
  const last = contexts.find(({ match }) => DEVICE_LINES.has(match.id)) ?? contexts[0];
  if (last === undefined) return undefined;
  const { match, words } = last;
  const fields = contexts.flatMap(({ match: { values } }) =>
    values['vmsd'] !== undefined && values['field'] !== undefined ? [`${values['vmsd']}:${values['field']}`] : [],
  );
  const { idstr, instance, id } = match.values;
  const where =
    idstr === undefined
      ? 'It happened'
      : `It happened in the device ${quote(idstr)}${id === undefined ? `, instance ${instance === undefined ? 0 : Number(`0x${instance}`)}` : `, section ${id}`}`;
  const inField = fields.length === 0 ? '' : `, in ${fields.join(', inside ')}`;
  const known = attempt.reason !== undefined || attempt.said.some(({ match: said }) => said.effect === 'fatal');
  return {
    id: match.id,
    text: escapeText(words),
    effect: 'context',
    meaning: escapeText(`${where}${inField}.`),
    causes: [],
    cures: known ? [] : ['the reason is in the line before (behind it since 10.2)'],
    details: inspection === undefined ? [] : notInState(match.values, inspection),
    versions: versionsOf(match),
    source: sourceOf(match.id),
    places: inspection === undefined ? [] : placesOf(match.values, inspection),
    bugs: [],
  };
}

/** What people quote is often only the beginning of a message: then there are no values. */
function beginnings(text: string): MessageMatch[] {
  const found: MessageMatch[] = [];
  const end = Math.min(text.length, MAX_QUOTE);
  const quoted = text.slice(0, end);
  for (const id of messageIds) {
    const words = loadMessages[id].texts
      .flatMap((wording) => piecesFor(wording.text).slice(0, 1))
      .map((piece) => (typeof piece === 'string' ? piece.replace(/^\w+: |[^a-z]*(?:0x)?$/g, '') : ''));
    const start = Math.max(...words.map((word) => (word.length < MIN_QUOTE ? -1 : quoted.indexOf(word))));
    if (start >= 0)
      found.push({
        id,
        effect: loadMessages[id].effect,
        values: {},
        versions: loadMessages[id].texts.map(({ since, until }) => ({ since, until })),
        start,
        end,
      });
  }
  return found;
}

function explanationOf(
  match: MessageMatch,
  words: string,
  all: readonly MessageMatch[],
  { inspection, fits }: ExplainFacts,
): Explanation {
  const { id, effect, values } = match;
  const device = all.find(({ id: line }) => DEVICE_LINES.has(line))?.values['idstr'];
  const { missing, details } = missingOf(match, device);
  const row = explained(id, missing === undefined ? values : { ...values, missing });
  const rule = ruleFor(id, { values, device, shared: sharedOf(inspection) });
  const fitting = device === undefined ? fits?.(match) : undefined;
  return {
    id,
    // Links of a chain that reach to its end are cut to their own words.
    text: escapeText(id === 'load-failed' ? words.split(': ').slice(0, 2).join(': ') : words),
    effect,
    ...row,
    ...(rule === undefined ? {} : { causes: rule.causes, cures: rule.cures }),
    ...(id === 'virtio-features' && missing === undefined ? { cures: [...row.cures, { code: 'ask-qemu' }] } : {}),
    ...(LAST_LINES.has(id) ? { meaning: lastLine(errorWords(values['error'] ?? '')) } : {}),
    details: [
      ...details,
      ...(fitting ?? []).map((label) => `in this state it fits ${label}`),
      ...(fitting?.length === 0
        ? ['no device of this state has these values: these words were not said about it']
        : []),
      ...(inspection === undefined ? [] : notInState(values, inspection)),
    ],
    versions: versionsOf(match),
    source: rule === undefined ? sourceOf(id) : `${sourceOf(id)}; ${rule.source}`,
    places: inspection === undefined ? [] : placesOf(values, inspection),
    bugs: bugsByWords(words, device),
  };
}

/** Did the source leave shared memory out? Undefined: no stream is at hand. */
function sharedOf(inspection: Inspection | undefined): boolean | undefined {
  if (inspection === undefined || inspection.configuration === undefined) return undefined;
  return inspection.capabilities?.includes('x-ignore-shared') === true;
}

/** strerror's words, also where QEMU printed the number. */
function errorWords(error: string): string {
  return /^-?\d+$/.test(error) ? (wordsOfNumber(Number(error)) ?? error) : error;
}

/** Words about a device or a block that the state has not were not said about it. */
function notInState(values: Readonly<Record<string, string>>, inspection: Inspection): string[] {
  const { idstr, block } = values;
  const sections = inspection.map.flatMap(({ section }) => (section === undefined ? [] : [section.idstr]));
  const missing = [
    idstr === undefined || sections.includes(idstr) ? [] : [`device ${quote(idstr)}`],
    block === undefined || inspection.blocks.some((row) => row.idstr === block) ? [] : [`RAM block ${quote(block)}`],
  ].flat();
  if (missing.length === 0) return [];
  return [
    `this state has no ${missing.join(' and no ')}: these words were not said about it, or it lacks what they want`,
  ];
}

/** Empty when every release says it so. */
function versionsOf(match: MessageMatch): string[] {
  const { versions } = match;
  if (versions.some((range) => range.since === undefined) && versions.some((range) => range.until === undefined))
    return [];
  return versions.map(({ since, until }) => {
    if (since === undefined) return `up to ${versionText(until!)}`;
    if (until === undefined) return `${versionText(since)} and later`;
    return compareVersions(since, until) === 0 ? versionText(since) : `${versionText(since)} to ${versionText(until)}`;
  });
}

/** strerror's words alone, when nothing else was said. */
function lastLine(error: string): string {
  const known: readonly (readonly [start: string, meaning: string])[] = [
    [
      'No such file or directory',
      'A subsection that this QEMU does not know: up to 10.1 it says no word more. The source is a newer QEMU or machine type; the device stands in the line before.',
    ],
    ['Input/output error', 'The stream ends too early, or could not be read.'],
    ['Operation not permitted', 'A check of a device or command failed; which one stands in the line before.'],
    ['Invalid argument', 'The stream does not fit this QEMU; why stands in the lines before (behind it since 10.2).'],
    ['Operation not supported', 'The stream is of a version that this QEMU does not read.'],
    ['Numerical result out of range', 'A command has a wrong length.'],
    ['Cannot allocate memory', 'The host has not the memory for this; which piece stands in the lines before.'],
    ['Bad address', 'The host could not provide memory that a backend promises.'],
    ['Resource temporarily unavailable', 'A package of the stream ends too early.'],
    ['No space left on device', 'A device or backend has less room here than at the source.'],
  ];
  return known.find(([start]) => error.startsWith(start))?.[1] ?? 'The load failed; why stands in the lines before.';
}

interface Missing {
  /** Undefined when the message does not tell. */
  readonly missing: string | undefined;
  readonly details: readonly string[];
}

/** Features that the guest has and the device lacks; which device it is another line says. */
function missingOf(match: MessageMatch, idstr: string | undefined): Missing {
  const { guest, allowed } = match.values;
  if (match.id !== 'virtio-features' || guest === undefined || allowed === undefined)
    return { missing: undefined, details: [] };
  const bits = BigInt(`0x${guest}`) & ~BigInt(`0x${allowed}`);
  if (bits === 0n)
    return {
      missing: undefined,
      details: [
        'from 10.2 on QEMU prints only the features that are offered: a comparison with that QEMU names the others',
      ],
    };
  const device = virtioDevice(idstr);
  const details =
    device === undefined ? ['which device it is stands in another line; without it bits below 24 have no names'] : [];
  return { missing: missingFeatures(device, bits).join(', '), details };
}

/** Sections and blocks that the values name. */
function placesOf(values: Readonly<Record<string, string>>, inspection: Inspection): Place[] {
  const { idstr, instance, id, block } = values;
  const places: Place[] = [];
  for (const row of inspection.map) {
    if (row.section === undefined || row.kind === 'part' || row.kind === 'end') continue;
    const { section } = row;
    const byName =
      idstr !== undefined &&
      section.idstr === idstr &&
      (instance === undefined || [instance, `0x${instance}`].some((text) => Number(text) === section.instanceId));
    const byId = id !== undefined && idstr === undefined && section.sectionId === Number(id);
    if (byName || byId)
      places.push({
        what: `section ${section.sectionId} ${quote(section.idstr)}, instance ${section.instanceId}`,
        offset: row.span.start,
      });
  }
  const list = inspection.map.find((row) => row.section?.idstr === 'ram');
  if (block !== undefined && list !== undefined && inspection.blocks.some((row) => row.idstr === block)) {
    places.push({ what: `block ${quote(block)} in the block list`, offset: list.span.start });
  }
  return places;
}
