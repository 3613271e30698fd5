// A pull scanner over the bytes of JSON in latin1. The caller asks for the values that it expects and skips the rest,
// so unwanted values are never built, and the text never exists as a whole. A key that repeats in one object is seen
// every time (JSON.parse keeps only the last). The scanner accepts exactly the same texts as JSON.parse, within named
// limits.

import { MigrationStreamError } from '../base/errors.js';
import { latin1 } from '../bytes/window.js';
import { MAX_VMDESCRIPTION_DEPTH, MAX_VMDESCRIPTION_VALUES } from '../limits.js';

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;
const LITERAL = /^(?:true|false|null)$/;
/** Texts that are kept for their next occurrence, and their length: nearly all texts of QEMU repeat. */
const SEEN = 1024;
const MAX_SEEN_LENGTH = 32;

/** The error for every fault of a vmdescription. The caller throws it. */
export function badDescription(what: string, cause?: unknown): MigrationStreamError {
  return new MigrationStreamError({ code: 'bad-vmdescription', message: `the vmdescription ${what}`, cause });
}

/**
 * A complete JSON document in latin1. The limits are checked first: JSON.parse would build the document at any depth of
 * nesting.
 * @throws MigrationStreamError code `bad-vmdescription`: not JSON, too deep or too dense
 */
export function readJson(json: Uint8Array): unknown {
  const scan = new JsonScanner(json);
  scan.skip();
  scan.end();
  return JSON.parse(latin1(json, 0, json.length));
}

/**
 * Reads a JSON document from the front. Every method throws `bad-vmdescription` for text that is not JSON or exceeds a
 * limit.
 */
export class JsonScanner {
  private readonly json: Uint8Array;
  private readonly seen: string[] = new Array<string>(SEEN);
  private at = 0;
  private depth = 0;
  private values = 0;

  constructor(json: Uint8Array) {
    this.json = json;
  }

  /** The kind of the next value, as its first byte; -1 at the end. */
  peek(): number {
    const { json } = this;
    let code = json[this.at];
    while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) code = json[++this.at];
    return code ?? -1;
  }

  isObject(): boolean {
    return this.peek() === OPEN;
  }

  isList(): boolean {
    return this.peek() === OPEN_LIST;
  }

  /**
   * Enters an object (the caller has peeked) and returns its first key. Undefined when the object is empty; then it has
   * also been left.
   */
  firstKey(): string | undefined {
    this.enter();
    if (this.peek() !== CLOSE) return this.key();
    this.leave();
    return undefined;
  }

  /** Called after a value inside an object: the next key, or undefined when the object ended. */
  nextKey(): string | undefined {
    const code = this.peek();
    if (code === COMMA) {
      this.at += 1;
      if (this.peek() !== QUOTE) throw this.bad();
      return this.key();
    }
    if (code !== CLOSE) throw this.bad();
    this.leave();
    return undefined;
  }

  /** Enters a list (the caller has peeked). False when the list is empty; then it has also been left. */
  firstItem(): boolean {
    this.enter();
    if (this.peek() !== CLOSE_LIST) return true;
    this.leave();
    return false;
  }

  /** Called after a value inside a list: false when the list ended. */
  nextItem(): boolean {
    const code = this.peek();
    if (code === COMMA) {
      this.at += 1;
      return true;
    }
    if (code !== CLOSE_LIST) throw this.bad();
    this.leave();
    return false;
  }

  /** The next value when it is a string, otherwise undefined; the value is consumed in both cases. */
  string(): string | undefined {
    if (this.peek() === QUOTE) {
      this.count();
      return this.quoted();
    }
    this.skip();
    return undefined;
  }

  /** The next value when it is a number, otherwise undefined; the value is consumed in both cases. */
  number(): number | undefined {
    const code = this.peek();
    if (!startsNumber(code)) {
      this.skip();
      return undefined;
    }
    this.count();
    // A few digits with nothing after them: nearly all numbers are of this kind.
    const { json } = this;
    let at = this.at;
    let value = 0;
    let digit = code;
    if (digit > 0x30) {
      for (; digit >= 0x30 && digit <= 0x39 && at - this.at < 15; digit = json[++at] ?? -1)
        value = value * 10 + (digit - 0x30);
      if (digit === COMMA || digit === CLOSE || digit === 0x20) {
        this.at = at;
        return value;
      }
    }
    return Number(this.word(NUMBER));
  }

  /** Consumes and checks one value of any kind. */
  skip(): void {
    const code = this.peek();
    switch (code) {
      case OPEN:
        for (let key = this.firstKey(); key !== undefined; key = this.nextKey()) this.skip();
        return;
      case OPEN_LIST:
        for (let more = this.firstItem(); more; more = this.nextItem()) this.skip();
        return;
      case QUOTE:
        this.count();
        this.pass();
        return;
      default:
        this.count();
        this.word(startsNumber(code) ? NUMBER : LITERAL);
    }
  }

  /** Only blanks may follow. */
  end(): void {
    if (this.peek() !== -1) throw this.bad();
  }

  private key(): string {
    if (this.peek() !== QUOTE) throw this.bad();
    const key = this.quoted();
    if (this.peek() !== COLON) throw this.bad();
    this.at += 1;
    return key;
  }

  /** The string that begins here. Apart from escapes it has one character per byte of the file. */
  private quoted(): string {
    const start = this.at + 1;
    return this.pass() ?? this.text(start, this.at - 1);
  }

  /** Steps over the string that begins here, and checks it. Only a string with escapes is built. */
  private pass(): string | undefined {
    const { json } = this;
    const start = this.at;
    let at = start + 1;
    let escaped = false;
    for (let code = json[at]; code !== QUOTE; code = json[at]) {
      if (code === undefined || code < 0x20) throw this.bad();
      if (code === BACKSLASH) escaped = true;
      at += code === BACKSLASH ? 2 : 1;
    }
    this.at = at + 1;
    if (!escaped) return undefined;
    try {
      return JSON.parse(latin1(json, start, at + 1)) as string;
    } catch (cause) {
      throw this.bad(cause);
    }
  }

  /** The number or literal that begins here. */
  private word(pattern: RegExp): string {
    const { json } = this;
    const start = this.at;
    let at = start;
    for (let code = json[at]; code !== undefined && inWord(code); code = json[at]) at += 1;
    this.at = at;
    const word = this.text(start, at);
    if (!pattern.test(word)) throw this.bad();
    return word;
  }

  private text(start: number, end: number): string {
    const { json, seen } = this;
    if (end - start > MAX_SEEN_LENGTH) return latin1(json, start, end);
    let slot = end - start;
    for (let at = start; at < end; at += 1) slot = (slot * 31 + json[at]!) & (SEEN - 1);
    const before = seen[slot];
    if (before !== undefined && this.reads(before, start, end)) return before;
    return (seen[slot] = latin1(json, start, end));
  }

  private reads(text: string, start: number, end: number): boolean {
    if (text.length !== end - start) return false;
    for (let i = 0; i < text.length; i += 1) if (text.charCodeAt(i) !== this.json[start + i]) return false;
    return true;
  }

  private count(): void {
    this.values += 1;
    if (this.values > MAX_VMDESCRIPTION_VALUES)
      throw badDescription(`has more than ${MAX_VMDESCRIPTION_VALUES} values`);
  }

  private enter(): void {
    this.count();
    this.at += 1;
    this.depth += 1;
    if (this.depth > MAX_VMDESCRIPTION_DEPTH)
      throw badDescription(`nests deeper than ${MAX_VMDESCRIPTION_DEPTH} levels`);
  }

  private leave(): void {
    this.at += 1;
    this.depth -= 1;
  }

  private bad(cause?: unknown): MigrationStreamError {
    return badDescription('is not JSON', cause);
  }
}

function startsNumber(code: number): boolean {
  return code === 0x2d || (code >= 0x30 && code <= 0x39);
}

/** A byte of a number or of a literal: a letter, a digit, a sign, a point. */
function inWord(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x30 && code <= 0x39) ||
    code === 0x2d ||
    code === 0x2b ||
    code === 0x2e ||
    code === 0x45
  );
}
