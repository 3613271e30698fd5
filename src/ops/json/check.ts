// Holds a parsed JSON value against the document's shape: what docs/schema/decode.json says, as code (a test holds the
// two to the same answers).

import { MigrationStreamError } from '../../base/errors.js';
import { scalarNames } from '../../vmstate/index.js';
import { layouts } from '../../wire/dialect.js';
import type { DecodedDocument } from './document.js';
import { checks, type Check } from '../../base/shape.js';

function bad(at: readonly string[], message: string): MigrationStreamError {
  return new MigrationStreamError({
    code: 'cannot-encode',
    message,
    path: ['document', ...at],
    hint: { code: 'document-schema' },
  });
}

const { is, between, matching, oneOf, list, object, exactlyOne, kinds } = checks(bad);

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
  {
    pageSize: count,
    gpa: address,
    ignored: u8,
    mapped: object({ version: u32, pageSize: count, bitmapOffset: count, pagesOffset: count }),
  },
);

const value = is(
  'a string, a number, true, false or null',
  (element) => element === null || ['string', 'number', 'boolean'].includes(typeof element),
);

/** What values mean by their types is for whoever encodes them. */
const field = exactlyOne(
  object(
    { path: text },
    {
      type: oneOf(...scalarNames, 'text'),
      role: oneOf('frame', 'unused', 'opaque'),
      value,
      values: list(value),
      bytes: hex,
      length: count,
      reason: text,
      label: text,
      meaning: text,
    },
  ),
  [['type', 'value'], ['type', 'values'], ['bytes']],
);

const item = kinds({
  header: { required: { version: oneOf(3) } },
  configuration: {
    required: {
      machine: matching('text of at most 1024 characters up to U+00FF', /^[\0-\xff]{0,1024}$/),
      subsections: list(subsection),
    },
  },
  'section-open': {
    required: {
      type: oneOf('start', 'part', 'end', 'full'),
      sectionId: u32,
      idstr: name,
      instanceId: u32,
      versionId: u32,
    },
  },
  'ram-blocks': {
    required: {
      layout: oneOf(...Object.keys(layouts)),
      targetPageSize: pageSize,
      flags: u16,
      continues: flag,
      blocks: list(block),
    },
    optional: { total: count },
  },
  pages: { required: { ram }, optional: { records: records() } },
  'mapped-area': { required: { block: count, ram } },
  'ram-mark': {
    required: { mark: oneOf('eos', 'hook', 'multifd-flush'), flags: u16, address: count, targetPageSize: pageSize },
  },
  payload: {
    required: {},
    optional: { bytes: hex, fields: list(field), boundary: oneOf('decoder', 'vmdescription', 'footer-scan') },
    either: [['bytes'], ['fields']],
  },
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

const document = object(
  { schemaVersion: oneOf(1), kind: oneOf('mstream-decode'), items: list(item) },
  { from: text, ram: text },
);

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
    throw new MigrationStreamError({
      code: 'cannot-encode',
      message: `the document is no JSON: ${cause instanceof Error ? cause.message : String(cause)}`,
      path: ['document'],
      cause,
    });
  }
  checkDocument(value);
  return value;
}
