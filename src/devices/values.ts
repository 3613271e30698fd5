// What meanings read from nodes: numbers, names of bits, bytes behind arrays, hardware addresses.

import { hexDigits } from '../base/bytes.js';
import type { FieldNode } from '../vmstate/index.js';

/** The value of a scalar leaf as a number; undefined for anything else. */
export function numberOf(node: FieldNode | undefined): number | undefined {
  const value = node?.kind === 'leaf' ? node.value : undefined;
  return typeof value === 'number' ? value : undefined;
}

/** The value of an integer leaf; undefined for anything else. */
export function integerOf(node: FieldNode): bigint | undefined {
  const value = node.kind === 'leaf' ? node.value : undefined;
  return typeof value === 'bigint' ? value : typeof value === 'number' ? BigInt(value) : undefined;
}

/** The child of that name. */
export function childNamed(node: FieldNode | undefined, name: string): FieldNode | undefined {
  if (node === undefined || node.kind === 'leaf') return undefined;
  for (const child of node.children()) if (child.name === name) return child;
  return undefined;
}

/** Names of the bits that are set; bits without a name as `bit N`. */
export function bitNames(value: bigint | number, names: readonly (string | undefined)[]): string {
  const set: string[] = [];
  let left = BigInt(value);
  for (let bit = 0; left !== 0n; bit += 1, left >>= 1n) if ((left & 1n) === 1n) set.push(names[bit] || `bit ${bit}`);
  return set.length === 0 ? 'none' : set.join(', ');
}

/** The bytes of an array or of an undivided leaf. */
export function bytesOfArray(node: FieldNode): Uint8Array | undefined {
  return node.kind === 'array' || (node.kind === 'leaf' && node.scalar === undefined) ? node.bytes : undefined;
}

/** `52:54:00:12:34:56`. */
export function macText(bytes: Uint8Array): string {
  return hexDigits(bytes, ':');
}

/** The bytes of an array or undivided leaf as `52 54 00`. */
export function hexText(bytes: Uint8Array): string {
  return hexDigits(bytes, ' ');
}
