// A pull scanner over JSON text. The caller asks for the values that it expects and skips the rest, so unwanted values
// are never built. A key that repeats in one object is seen every time (JSON.parse keeps only the last). The scanner
// accepts exactly the same texts as JSON.parse, within named limits.

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
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const LITERAL = /true|false|null/y;

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
  const text = latin1(json, 0, json.length);
  const scan = new JsonScanner(text);
  scan.skip();
  scan.end();
  return JSON.parse(text);
}

/**
 * Reads a JSON document from the front. Every method throws `bad-vmdescription` for text that is not JSON or exceeds a
 * limit.
 */
export class JsonScanner {
  private readonly text: string;
  private at = 0;
  private depth = 0;
  private values = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** The kind of the next value, as the code of its first character; -1 at the end. */
  peek(): number {
    const { text } = this;
    let code = text.charCodeAt(this.at);
    while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) code = text.charCodeAt(++this.at);
    return Number.isNaN(code) ? -1 : code;
  }

  isObject(): boolean {
    return this.peek() === OPEN;
  }

  isList(): boolean {
    return this.peek() === OPEN_LIST;
  }

  isString(): boolean {
    return this.peek() === QUOTE;
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
    if (code !== 0x2d && (code < 0x30 || code > 0x39)) {
      this.skip();
      return undefined;
    }
    this.count();
    // A few digits with nothing after them: nearly all numbers are of this kind.
    const { text } = this;
    let at = this.at;
    let value = 0;
    let digit = text.charCodeAt(at);
    if (digit > 0x30) {
      for (; digit >= 0x30 && digit <= 0x39 && at - this.at < 15; digit = text.charCodeAt(++at))
        value = value * 10 + (digit - 0x30);
      if (digit === COMMA || digit === CLOSE || digit === 0x20) {
        this.at = at;
        return value;
      }
    }
    NUMBER.lastIndex = this.at;
    const match = NUMBER.exec(text);
    if (match === null) throw this.bad();
    this.at += match[0].length;
    return Number(match[0]);
  }

  /** Consumes and checks one value of any kind. */
  skip(): void {
    switch (this.peek()) {
      case OPEN:
        for (let key = this.firstKey(); key !== undefined; key = this.nextKey()) this.skip();
        return;
      case OPEN_LIST:
        for (let more = this.firstItem(); more; more = this.nextItem()) this.skip();
        return;
      case QUOTE:
        this.count();
        this.quoted();
        return;
      default: {
        this.count();
        const first = this.text.charCodeAt(this.at);
        const pattern = first === 0x2d || (first >= 0x30 && first <= 0x39) ? NUMBER : LITERAL;
        pattern.lastIndex = this.at;
        const match = pattern.exec(this.text);
        if (match === null) throw this.bad();
        this.at += match[0].length;
      }
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
    const { text } = this;
    const start = this.at + 1;
    let at = start;
    let escaped = false;
    for (let code = text.charCodeAt(at); code !== QUOTE; code = text.charCodeAt(at)) {
      if (code === BACKSLASH) {
        escaped = true;
        at += 2;
      } else if (code >= 0x20) at += 1;
      else throw this.bad();
      if (at >= text.length) throw this.bad();
    }
    this.at = at + 1;
    if (!escaped) return text.slice(start, at);
    try {
      return JSON.parse(text.slice(start - 1, at + 1)) as string;
    } catch (cause) {
      throw this.bad(cause);
    }
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
