// Holds a parsed JSON value against the document's shape: what docs/schema/decode.json says, as code (a test holds the
// two to the same answers), so that nothing is loaded to say it and every complaint names its place.
// May import base, wire constants and its own folder.

import { MigrationStreamError } from '../../base/errors.js';
import { quote } from '../../base/quote.js';
import { layouts } from '../../wire/dialect.js';
import type { DecodedDocument } from './document.js';

/** Throws when `value` is not what is asked for; `at` is where it stands. */
type Check = (value: unknown, at: readonly string[]) => void;

function bad(at: readonly string[], message: string): MigrationStreamError {
  return new MigrationStreamError({ code: 'cannot-encode', message, path: ['document', ...at], hint: 'docs/schema/decode.json says what a document holds' });
}

const is = (what: string, test: (value: unknown) => boolean): Check => (value, at) => {
  if (!test(value)) throw bad(at, `${what} is wanted here, not ${shown(value)}`);
};

function shown(value: unknown): string {
  if (typeof value === 'string') return value.length > 40 ? `${quote(value.slice(0, 40))}…` : quote(value);
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value);
  return value === undefined ? 'nothing' : Array.isArray(value) ? 'an array' : 'an object';
}

const between = (low: number, high: number): Check =>
  is(`a whole number from ${low} to ${high}`, (value) => Number.isInteger(value) && (value as number) >= low && (value as number) <= high);
const matching = (what: string, pattern: RegExp): Check => is(what, (value) => typeof value === 'string' && pattern.test(value));
const oneOf = (...values: readonly unknown[]): Check => is(`one of ${values.join(', ')}`, (value) => values.includes(value));

function list(each: Check): Check {
  return (value, at) => {
    if (!Array.isArray(value)) throw bad(at, `an array is wanted here, not ${shown(value)}`);
    value.forEach((one, i) => each(one, [...at.slice(0, -1), `${at.at(-1) ?? ''}[${i}]`]));
  };
}

function object(required: Readonly<Record<string, Check>>, optional: Readonly<Record<string, Check>> = {}): Check {
  return (value, at) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad(at, `an object is wanted here, not ${shown(value)}`);
    for (const name of Object.keys(required)) {
      if (!Object.hasOwn(value, name)) throw bad(at, `"${name}" is missing`);
    }
    for (const [name, member] of Object.entries(value)) {
      const check = Object.hasOwn(required, name) ? required[name] : Object.hasOwn(optional, name) ? optional[name] : undefined;
      if (check === undefined) throw bad(at, `nothing is called ${quote(name)} here`);
      check(member, [...at, name]);
    }
  };
}

/** By its "kind". */
function kinds(of: Readonly<Record<string, { required: Readonly<Record<string, Check>>; optional?: Readonly<Record<string, Check>> }>>): Check {
  const checks = new Map(Object.entries(of).map(([kind, { required, optional }]) => [kind, object({ kind: oneOf(kind), ...required }, optional)]));
  return (value, at) => {
    const kind: unknown = typeof value === 'object' && value !== null && Object.hasOwn(value, 'kind') ? (value as { kind: unknown }).kind : undefined;
    const check = typeof kind === 'string' ? checks.get(kind) : undefined;
    if (check === undefined) throw bad(at, `"kind" is one of ${[...checks.keys()].join(', ')}, not ${shown(kind)}`);
    check(value, at);
  };
}

const u8 = between(0, 0xff);
const u16 = between(0, 0xffff);
const u32 = between(0, 0xffff_ffff);
const count = between(0, Number.MAX_SAFE_INTEGER);
const flag = oneOf(true, false);
const text = matching('text', /^/);
/** One character a byte. */
const latin1 = matching('text of characters up to U+00FF', /^[\0-\xff]*$/);
const name = matching('text of at most 255 characters up to U+00FF', /^[\0-\xff]{0,255}$/);
const hex = matching('bytes in lower-case hex', /^([0-9a-f]{2})*$/);
const address = matching('an address 0x…', /^0x(0|[1-9a-f][0-9a-f]{0,15})$/);
const pageSize = oneOf(...[10, 11, 12, 13, 14, 15, 16].map((bits) => 2 ** bits));
const version = u32;
const ram = object({ at: count, length: count });

const subsection = kinds({
  'target-page-bits': { required: { version, bits: u32 } },
  capabilities: { required: { version, names: list(name) } },
  uuid: { required: { version, uuid: matching('16 bytes in lower-case hex', /^[0-9a-f]{32}$/) } },
  unknown: { required: { version, name, bytes: hex } },
});

const block = object(
  { idstr: name, usedLength: count },
  { pageSize: count, gpa: address, ignored: u8, mapped: object({ version: u32, pageSize: count, bitmapOffset: count, pagesOffset: count }) },
);

const item = kinds({
  header: { required: { version: oneOf(3) } },
  configuration: { required: { machine: matching('text of at most 1024 characters up to U+00FF', /^[\0-\xff]{0,1024}$/), subsections: list(subsection) } },
  'section-open': { required: { type: oneOf('start', 'part', 'end', 'full'), sectionId: u32, idstr: name, instanceId: u32, versionId: u32 } },
  'ram-blocks': { required: { layout: oneOf(...Object.keys(layouts)), targetPageSize: pageSize, flags: u16, continues: flag, blocks: list(block) }, optional: { total: count } },
  pages: { required: { ram }, optional: { records: records() } },
  'mapped-area': { required: { block: count, ram } },
  'ram-mark': { required: { mark: oneOf('eos', 'hook', 'multifd-flush'), flags: u16, address: count, targetPageSize: pageSize } },
  payload: { required: { bytes: hex }, optional: { boundary: oneOf('decoder', 'vmdescription', 'footer-scan') } },
  'section-close': { required: { footer: flag } },
  command: { required: { command: u16, payload: hex }, optional: { name: text } },
  'package-open': { required: {} },
  'package-close': { required: {} },
  eof: { required: {} },
  vmdescription: { required: { text: latin1 } },
  trailing: { required: { bytes: hex } },
});

function records(): Check {
  return object({}, Object.fromEntries(['zero', 'page', 'xbzrle', 'compressed'].map((kind) => [kind, count])));
}

const document = object({ schemaVersion: oneOf(1), kind: oneOf('mstream-decode'), items: list(item) }, { from: text, ram: text });

/** @throws MigrationStreamError code `cannot-encode`, with the place in the document */
export function checkDocument(value: unknown): asserts value is DecodedDocument {
  document(value, []);
}

/** @throws MigrationStreamError code `cannot-encode`: no JSON, or no document */
export function parseDocument(json: string): DecodedDocument {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new MigrationStreamError({ code: 'cannot-encode', message: `the document is no JSON: ${cause instanceof Error ? cause.message : String(cause)}`, path: ['document'], cause });
  }
  checkDocument(value);
  return value;
}
