// QEMU's words explained: what happened, why it usually does, and what to do, with the values of the message filled in;
// and where in a stream that is, when one is at hand. A text that no table knows stays unexplained, and that is said.

import { escapeText, quote } from '../../base/quote.js';
import type { Inspection } from '../inspect.js';
import {
  loadMessages,
  matchMessage,
  messageIds,
  type MessageEffect,
  type MessageId,
  type MessageMatch,
} from '../../release/messages/index.js';
import { piecesFor } from '../../release/messages/table.js';
import { compareVersions, versionText } from '../../release/version.js';
import { explained, sourceOf } from '../../release/causes/rows.js';
import type { ExplanationRow } from '../../release/causes/row.js';
import { missingFeatures, virtioDevice } from '../../loader/virtio/feature-options.js';

export interface Explanation extends ExplanationRow {
  readonly id: MessageId;
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

/**
 * Every message of QEMU's in `text`, in its order, each once. Empty: nothing in it is known.
 * `inspection`: of the stream that it was said about.
 */
export function explain(text: string, inspection?: Inspection): Explanation[] {
  const exact = matchMessage(text);
  const matches = exact.length > 0 ? exact : beginnings(text);
  const found = new Map<string, Explanation>();
  for (const match of matches) {
    if (found.size >= MAX_EXPLANATIONS) break;
    const words = text.slice(match.start, match.end);
    const key = exact.length > 0 ? words : match.id;
    if (!found.has(key)) found.set(key, explanationOf(match, words, matches, inspection));
  }
  // The last line explains nothing where something else does.
  const all = [...found.values()];
  return all.some((one) => one.effect === 'fatal') ? all.filter((one) => one.id !== 'load-failed') : all;
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
  inspection: Inspection | undefined,
): Explanation {
  const { id, effect, values } = match;
  const { missing, details } = missingOf(match, all);
  const row = explained(id, missing === undefined ? values : { ...values, missing });
  return {
    id,
    // Links of a chain that reach to its end are cut to their own words.
    text: escapeText(id === 'load-failed' ? words.split(': ').slice(0, 2).join(': ') : words),
    effect,
    ...row,
    ...(id === 'load-failed' ? { meaning: lastLine(values['error'] ?? '') } : {}),
    details,
    versions: versionsOf(match),
    source: sourceOf(id),
    places: inspection === undefined ? [] : placesOf(values, inspection),
  };
}

/** Empty when every release says it so. */
function versionsOf(match: MessageMatch): string[] {
  const { versions } = match;
  if (versions.some((one) => one.since === undefined) && versions.some((one) => one.until === undefined)) return [];
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
  ];
  return known.find(([start]) => error.startsWith(start))?.[1] ?? 'The load failed; why stands in the lines before.';
}

interface Missing {
  /** Undefined when the message does not tell. */
  readonly missing: string | undefined;
  readonly details: readonly string[];
}

/** Features that the guest has and the device lacks; which device it is another line says. */
function missingOf(match: MessageMatch, all: readonly MessageMatch[]): Missing {
  const { guest, allowed } = match.values;
  if (match.id !== 'virtio-features' || guest === undefined || allowed === undefined)
    return { missing: undefined, details: [] };
  const bits = BigInt(`0x${guest}`) & ~BigInt(`0x${allowed}`);
  if (bits === 0n)
    return {
      missing: undefined,
      details: ['from 10.2 on QEMU prints only those that are offered; `mstream verify --against` names the others'],
    };
  const device = virtioDevice(all.find((one) => one.id === 'device-state-error')?.values['idstr']);
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
  if (block !== undefined && list !== undefined && inspection.blocks.some((one) => one.idstr === block)) {
    places.push({ what: `block ${quote(block)} in the block list`, offset: list.span.start });
  }
  return places;
}
