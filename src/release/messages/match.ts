// From QEMU's words back to the message: which row, which values, which releases say it so. Hostile text is normal: a
// wording is cut at its strings into pieces that regular expressions match without any choice, and those are found one
// behind the other, leftmost, without going back. So the work is the length of the text times the number of wordings.

import type { QemuVersion } from '../version.js';
import type { MessageEffect, Wording } from './message.js';
import type { Placeholder } from './placeholder.js';
import { loadMessages, messageIds, piecesFor, type MessageId } from './table.js';

export interface MessageMatch {
  readonly id: MessageId;
  readonly effect: MessageEffect;
  /** As they stand in the text, digits without 0x. */
  readonly values: Readonly<Record<string, string>>;
  /** Releases with this wording, one range for each wording that fits. */
  readonly versions: readonly { readonly since: QemuVersion | undefined; readonly until: QemuVersion | undefined }[];
  /** Where in the text, in characters. */
  readonly start: number;
  readonly end: number;
}

/** Longer lines are no message of QEMU's: an idstr has 255 bytes, a chain a dozen links. */
const MAX_LINE = 16_384;

interface Compiled {
  readonly id: MessageId;
  readonly wording: Wording;
  /** Before the first string, between strings, behind the last: what must stand there. */
  readonly steps: readonly RegExp[];
  readonly names: readonly (readonly string[])[];
  /** The strings between the steps. */
  readonly strings: readonly string[];
  /** A literal of the wording, to leave most texts alone at once. */
  readonly anchor: string;
  /** Characters that must stand in the text as they are. */
  readonly letters: number;
  /** Ends with a string, which reaches to the end of the line. */
  readonly open: boolean;
  /** Begins with a string. */
  readonly leading: boolean;
}

const PATTERNS: Readonly<Record<Exclude<Placeholder['kind'], 'text'>, string>> = {
  word: '([^\\s]{1,300})',
  optional: '([a-z]{0,20})',
  decimal: '(-?\\d{1,20})',
  hex: '([0-9a-f]{1,32})',
  'alternate-hex': '(?:0x)?([0-9a-f]{1,16})',
};

let all: readonly Compiled[] | undefined;

/** Every message in `text` (lines, with or without the program's name; a chain holds several), as it stands there. */
export function matchMessage(text: string): MessageMatch[] {
  const found: MessageMatch[] = [];
  let start = 0;
  for (const line of text.split('\n')) {
    if (line.length <= MAX_LINE) found.push(...matchLine(line, start));
    start += line.length + 1;
  }
  return found;
}

function matchLine(line: string, offset: number): MessageMatch[] {
  all ??= messageIds.flatMap((id) => loadMessages[id].texts.map((wording) => compile(id, wording)));
  const hits = all.flatMap((compiled) => {
    const hit = line.includes(compiled.anchor) ? matchAt(compiled, line) : undefined;
    return hit === undefined ? [] : [{ compiled, ...hit }];
  });
  const found = new Map<MessageId, MessageMatch>();
  for (const hit of hits) {
    if (hits.some((wider) => hides(wider, hit))) continue;
    const { id, wording } = hit.compiled;
    // A text that ends early says nothing about the sentence that only some releases add.
    const longer = loadMessages[id].texts.filter(({ text }) => text !== wording.text && text.startsWith(wording.text));
    const versions = [
      ...(found.get(id)?.versions ?? []),
      ...[wording, ...longer].map(({ since, until }) => ({ since, until })),
    ];
    found.set(id, {
      id,
      effect: loadMessages[id].effect,
      values: hit.values,
      versions,
      start: offset + hit.start,
      end: offset + hit.end,
    });
  }
  return [...found.values()].sort((a, b) => a.start - b.start || b.end - a.end);
}

interface Hit {
  readonly compiled: Compiled;
  readonly start: number;
  readonly end: number;
}

/**
 * Does `wider` hide `hit`? At one place the reading that fits more letters hides the other reading; of two places the
 * outer place hides the inner.
 */
function hides(wider: Hit, hit: Hit): boolean {
  if (wider === hit) return false;
  const { compiled } = wider;
  // Two wordings of one message: the longer one, if it is all there.
  if (compiled.id === hit.compiled.id)
    return (
      wider.start <= hit.start &&
      (wider.end > hit.end || (wider.end === hit.end && compiled.letters > hit.compiled.letters))
    );
  if (wider.start === hit.start) return compiled.letters > hit.compiled.letters;
  // The last string of a line takes in everything, other messages of a chain included: it hides nothing.
  return wider.start < hit.start && wider.end >= hit.end && !compiled.open;
}

function matchAt(
  compiled: Compiled,
  line: string,
): { values: Record<string, string>; start: number; end: number } | undefined {
  const values: Record<string, string> = {};
  let start = 0;
  let at = 0;
  for (const [i, step] of compiled.steps.entries()) {
    step.lastIndex = at;
    const match = step.exec(line);
    if (match === null) return undefined;
    if (i === 0) start = match.index;
    else values[compiled.strings[i - 1]!] = line.slice(at, match.index);
    // A name at the beginning of a link has no mark before it but the colon of the link in front.
    if (i === 1 && compiled.leading) {
      start = line.slice(0, match.index).lastIndexOf(': ') + 2;
      if (start === 1) start = 0;
      values[compiled.strings[0]!] = line.slice(start, match.index);
    }
    for (const [j, name] of compiled.names[i]!.entries()) values[name] = match[j + 1]!;
    at = match.index + match[0].length;
  }
  return { values, start, end: at };
}

function compile(id: MessageId, wording: Wording): Compiled {
  const steps: string[] = [''];
  const names: string[][] = [[]];
  const strings: string[] = [];
  let anchor = '';
  let letters = 0;
  for (const piece of piecesFor(wording.text)) {
    if (typeof piece === 'string') {
      if (piece.trimEnd().length > anchor.length) anchor = piece.trimEnd();
      letters += piece.length;
      steps[steps.length - 1] += escape(piece);
    } else if (piece.kind === 'text') {
      strings.push(piece.name);
      steps.push('');
      names.push([]);
    } else {
      steps[steps.length - 1] += PATTERNS[piece.kind];
      names.at(-1)!.push(piece.name);
    }
  }
  // A string at the end may be empty, and then its line has lost the space in front of it.
  if (steps.length > 1 && steps.at(-1) === '' && steps.at(-2)!.endsWith(' '))
    steps[steps.length - 2] = `${steps.at(-2)!.slice(0, -1)}(?: |$)`;
  // A string at the end reaches to the end of the line.
  const regexes = steps.map((step, i) => {
    if (step === '' && i === steps.length - 1) return /$/g;
    if (step === '' && i === 0) return /^/g;
    return new RegExp(step, 'g');
  });
  return {
    id,
    wording,
    steps: regexes,
    names,
    strings,
    anchor,
    letters,
    open: steps.at(-1) === '',
    leading: steps[0] === '',
  };
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}
