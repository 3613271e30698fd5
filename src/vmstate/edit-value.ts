// Turns values from a caller or a command line into values of the field's type.

import { cannotEncode } from '../bytes/emitter.js';
import { Leaf, type FieldNode } from './node.js';
import type { Value } from './scalars.js';

/** A value, its text, or a list with a value for each element of an array. */
export type EditValue = Value | string | readonly EditValue[];

/** Gives `put` the value of every leaf of `node`. @throws MigrationStreamError code `cannot-encode` */
export function valueFor(node: FieldNode, value: EditValue, put: (leaf: Leaf, value: Value) => void): void {
  if (node.kind === 'leaf') {
    if (node.role === 'frame') throw cannotEncode(`${node.fullPath} is framing, not a value`);
    put(node, leafValue(node, value));
    return;
  }
  if (node.kind !== 'array')
    throw cannotEncode(`${node.fullPath} is a ${node.kind}: set one of its fields, or its bytes`);
  const elements = [...node.children()];
  const values = isList(value) ? value : byteList(node, elements, value);
  if (values.length !== elements.length)
    throw cannotEncode(`${node.fullPath} has ${elements.length} elements, not ${values.length}`);
  elements.forEach((element, index) => valueFor(element, values[index]!, put));
}

function isList(value: EditValue): value is readonly EditValue[] {
  return Array.isArray(value);
}

function byteList(node: FieldNode, elements: readonly FieldNode[], value: EditValue): readonly Value[] {
  const bytes = elements.every((element) => element.end - element.start === 1);
  if (bytes && value instanceof Uint8Array) return [...value];
  if (bytes && typeof value === 'string') return [...parseHex(node, value)];
  throw cannotEncode(`${node.fullPath} is an array of ${elements.length} elements`);
}

function leafValue(leaf: Leaf, value: EditValue): Value {
  if (isList(value)) throw cannotEncode(`${leaf.fullPath} is no array`);
  if (typeof value !== 'string') return value;
  const { scalar } = leaf;
  const text = value.trim();
  if (scalar === undefined) return leaf.field?.type === 'text' ? padded(leaf, value) : parseHex(leaf, text);
  switch (scalar.kind) {
    case 'bool':
      if (text === 'true' || text === 'on') return true;
      if (text === 'false' || text === 'off') return false;
      return integer(leaf, text);
    case 'float': {
      const number = Number(text);
      if (text === '' || Number.isNaN(number)) throw cannotEncode(`${leaf.fullPath}: "${text}" is no number`);
      return number;
    }
    case 'pointer':
      if (text === 'null') return null;
      if (text === 'true' || text === 'present') return true;
      return integer(leaf, text);
    case 'integer':
    case 'timer':
      return integer(leaf, text);
  }
}

/** Decimal, 0x…, 0o…, 0b…, each optionally with a minus sign. */
function integer(leaf: Leaf, text: string): Value {
  const match = /^(-?)(0x[0-9a-f]+|0o[0-7]+|0b[01]+|\d+)$/i.exec(text);
  if (match === null) throw cannotEncode(`${leaf.fullPath}: "${text}" is no integer`);
  const value = BigInt(match[2]!) * (match[1] === '-' ? -1n : 1n);
  return leaf.end - leaf.start === 8 ? value : value >= -(2n ** 53n) && value <= 2n ** 53n ? Number(value) : value;
}

/** Hex digits in pairs, optionally with blanks, colons or dashes between the pairs. */
function parseHex(node: FieldNode, text: string): Uint8Array {
  const digits = text.replace(/^0x/i, '').replace(/(?<=[0-9a-f]{2})[\s:-](?=[0-9a-f]{2})/gi, '');
  if (digits.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(digits))
    throw cannotEncode(`${node.fullPath}: "${text}" is no string of hex digits in pairs`);
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}

/** Text ends with a NUL, and NULs fill the rest of the field. */
function padded(leaf: Leaf, text: string): Uint8Array {
  const bytes = new Uint8Array(leaf.end - leaf.start);
  if (text.length >= bytes.length) throw cannotEncode(`${leaf.fullPath} holds at most ${bytes.length - 1} characters`);
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === 0 || code > 0xff)
      throw cannotEncode(`${leaf.fullPath}: character U+${code.toString(16)} has no place in it`);
    bytes[i] = code;
  }
  return bytes;
}
