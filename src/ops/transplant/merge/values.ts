// Values of fields as text and as numbers, and the question whether there is anything in them.

import { hexDigits } from '../../../base/bytes.js';
import { quote } from '../../../base/quote.js';
import { latin1 } from '../../../bytes/window.js';
import { leaves, type FieldNode, type Leaf, type Value } from '../../../vmstate/index.js';

/** Bytes of a blob that are shown. */
const SHOWN = 16;

/** `5`, `true`, `52540012…`, `256 x 0`, `12 fields, all 0`. */
export function valueText(node: FieldNode): string {
  if (node.kind === 'leaf') return leafText(node);
  const values = valuesBelow(node);
  const first = values[0];
  if (first === undefined) return 'nothing';
  if (values.length === 1) return leafText(first);
  if (values.every((leaf) => isZero(leaf)))
    return node.kind === 'array' ? `${values.length} x 0` : `${values.length} fields, all 0`;
  if (node.end - node.start <= SHOWN) return `${values.length} fields: ${values.map(leafText).join(', ')}`;
  return `${values.length} fields`;
}

function leafText(leaf: Leaf): string {
  if (leaf.scalar !== undefined) return scalarText(leaf.value);
  if (leaf.field?.type !== 'text') return bytesText(leaf.bytes);
  const end = leaf.bytes.indexOf(0);
  return quote(latin1(leaf.bytes, 0, end === -1 ? leaf.bytes.length : end));
}

function scalarText(value: Value): string {
  if (value instanceof Uint8Array) return bytesText(value);
  return String(value);
}

export function bytesText(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'nothing';
  if (bytes.length > 1 && bytes.every((byte) => byte === 0)) return `${bytes.length} bytes, all 0`;
  const text = hexDigits(bytes.subarray(0, SHOWN));
  return bytes.length > SHOWN ? `${text}… (${bytes.length} bytes)` : text;
}

/** What says something: no framing, no bytes that QEMU ignores. */
export function saysSomething(leaf: Leaf): boolean {
  return leaf.role !== 'frame' && leaf.role !== 'unused';
}

export function valuesBelow(node: FieldNode): Leaf[] {
  return [...leaves(node)].filter(saysSomething);
}

export function isZero(leaf: Leaf): boolean {
  return leaf.bytes.every((byte) => byte === 0);
}

/** Nothing but zeros, framing and ignored bytes. */
export function isBlank(node: FieldNode): boolean {
  for (const leaf of leaves(node)) if (saysSomething(leaf) && !isZero(leaf)) return false;
  return true;
}

/** Of an integer, bool or timer; undefined for anything else. */
export function integerOf(node: FieldNode | undefined): bigint | undefined {
  if (
    node?.kind !== 'leaf' ||
    node.scalar === undefined ||
    node.scalar.kind === 'float' ||
    node.scalar.kind === 'pointer'
  )
    return undefined;
  const { value } = node;
  return typeof value === 'bigint'
    ? value
    : typeof value === 'number'
      ? BigInt(value)
      : typeof value === 'boolean'
        ? BigInt(value)
        : undefined;
}
