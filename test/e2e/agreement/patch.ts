// Changes of a stream as values: so many bytes at a place become others. Imports nothing but types and its own folder.

import type { Span } from '../../../src/base/span.js';
import { findNodes } from '../../../src/vmstate/index.js';
import type { Anatomy, BlockPlace, Item, RecordPlace } from './anatomy.js';

export interface Patch {
  readonly span: Span;
  readonly bytes: Uint8Array;
}

/** All places are those of the unchanged stream. @throws RangeError when two of them overlap */
export function applyPatches(bytes: Uint8Array, patches: readonly Patch[]): Uint8Array {
  const sorted = patches
    .map((patch, index) => ({ patch, index }))
    .sort((a, b) => a.patch.span.start - b.patch.span.start || a.index - b.index);
  const parts: Uint8Array[] = [];
  let from = 0;
  for (const { patch } of sorted) {
    if (patch.span.start < from || patch.span.end < patch.span.start || patch.span.end > bytes.length)
      throw new RangeError('patches overlap');
    parts.push(bytes.subarray(from, patch.span.start), patch.bytes);
    from = patch.span.end;
  }
  parts.push(bytes.subarray(from));
  return Uint8Array.from(Buffer.concat(parts));
}

// Bytes.

export const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
export const text = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value, 'latin1'));
export const u8 = (value: number): Uint8Array => Uint8Array.of(value);
export const be16 = (value: number): Uint8Array => Uint8Array.of((value >> 8) & 255, value & 255);
export const be32 = (value: number): Uint8Array =>
  Uint8Array.of((value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
export function be64(value: number | bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, BigInt(value)));
  return bytes;
}
export const counted = (value: string): Uint8Array => join(Uint8Array.of(value.length), text(value));
export const join = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));

// Patches.

export const put = (span: Span, bytes: Uint8Array): Patch => ({ span, bytes });
export const insert = (offset: number, ...parts: readonly Uint8Array[]): Patch => ({
  span: { start: offset, end: offset },
  bytes: join(...parts),
});
export const drop = (span: Span): Patch => ({ span, bytes: new Uint8Array(0) });
export const cutAt = (a: Anatomy, offset: number): Patch[] => [drop({ start: offset, end: a.bytes.length })];

// Places.

function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new TypeError(`the capture has no ${what}`);
  return value;
}

export const bytesOf = (a: Anatomy, span: Span): Uint8Array => a.bytes.subarray(span.start, span.end);
export const first = (a: Anatomy, kind: Item['kind'], idstr?: string): Item =>
  found(
    a.items.find((item) => item.kind === kind && (idstr === undefined || item.section?.idstr === idstr)),
    `${kind} ${idstr ?? ''}`,
  );
export const full = (a: Anatomy, idstr: string, instance = 0): Item =>
  found(
    a.items.find(
      (item) => item.kind === 'full' && item.section?.idstr === idstr && item.section.instanceId === instance,
    ),
    `section ${idstr}/${instance}`,
  );
export const block = (a: Anatomy, idstr: string): BlockPlace =>
  found(
    a.blocks.find((one) => one.idstr === idstr),
    `block ${idstr}`,
  );
export const mainBlock = (a: Anatomy): BlockPlace => found(a.blocks[0], 'blocks');
export const record = (a: Anatomy, test: (one: RecordPlace) => boolean, what = 'such page record'): RecordPlace =>
  found(a.records.find(test), what);

/** Where the header's fields of a START or FULL stand. */
export function headerOf(item: Item): {
  readonly id: Span;
  readonly name: Span;
  readonly instance: Span;
  readonly version: Span;
} {
  const { start } = item.span;
  const name = { start: start + 5, end: start + 6 + (item.section?.idstr.length ?? 0) };
  return {
    id: { start: start + 1, end: start + 5 },
    name,
    instance: { start: name.end, end: name.end + 4 },
    version: { start: name.end + 4, end: name.end + 8 },
  };
}

/** The one node of a device path. */
export function field(a: Anatomy, path: string): Span {
  return found(findNodes(a.devices, path)[0], `field ${path}`).span;
}

/** A row's change: the field gets these bytes, as many as it has. @throws TypeError otherwise */
export const set = (path: string, bytes: Uint8Array): { readonly mutate: (a: Anatomy) => Patch[] } => ({
  mutate(a) {
    const span = field(a, path);
    if (span.end - span.start !== bytes.length) throw new TypeError(`${path} has ${span.end - span.start} bytes`);
    return [put(span, bytes)];
  },
});

export const hasField = (a: Anatomy, path: string): boolean => findNodes(a.devices, path).length > 0;

export const command = (number: number, payload: Uint8Array = new Uint8Array(0), length = payload.length): Uint8Array =>
  join(hex('08'), be16(number), be16(length), payload);

/** MEM_SIZE of the list with another sum. */
export function total(a: Anatomy, change: number): Patch {
  const view = new DataView(a.bytes.buffer, a.bytes.byteOffset);
  return put(a.total, be64(view.getBigUint64(a.total.start) + BigInt(change)));
}
