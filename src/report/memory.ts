// Guest memory as text and JSON (docs/schema/mem.json).

import { hexDigits } from '../base/bytes.js';
import type { Mapping } from '../memory/paging/address-space.js';
import { hexText } from './quantity.js';
import type { Theme } from './theme.js';

export const MEMORY_SCHEMA_VERSION = 1;
const ROW = 16;

/** A hexdump with addresses. */
export function* memoryLines(address: bigint, bytes: Uint8Array, theme: Theme): Generator<string> {
  const digits = (address + BigInt(bytes.length)).toString(16).length;
  for (let at = 0; at < bytes.length;) {
    const row = address + BigInt(at);
    const inside = Number(row & 15n);
    const part = bytes.subarray(at, at + ROW - inside);
    const cells = Array.from({ length: ROW }, (_, i) => part[i - inside]);
    const hex = cells.map((byte) => byte?.toString(16).padStart(2, '0') ?? '  ');
    const text = cells
      .map((byte) => (byte === undefined ? ' ' : byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.'))
      .join('');
    const label = `0x${(row - BigInt(inside)).toString(16).padStart(Math.max(8, digits), '0')}`;
    yield `${theme.offset(label)}  ${hex.slice(0, 8).join(' ')}  ${hex.slice(8).join(' ')}  ${theme.dim('|')}${text}${theme.dim('|')}`;
    at += part.length;
  }
}

export function mappingText(address: bigint, { physical, room }: Mapping): string {
  return physical === undefined
    ? `${hexText(address)}  not mapped, up to ${hexText(address + room)}`
    : `${hexText(address)}  ${hexText(physical)}, up to ${hexText(address + room)}`;
}

export interface MemoryDocumentHead {
  readonly mstream: string;
  readonly label: string;
  /** How addresses are known. */
  readonly how: string;
  readonly cpu: number | undefined;
}

function head({ mstream, label, how, cpu }: MemoryDocumentHead): object {
  return {
    schemaVersion: MEMORY_SCHEMA_VERSION,
    kind: 'memory',
    mstream,
    input: { label },
    how,
    cpu: cpu ?? null,
  };
}

/** `whole`: every byte is memory. */
export function readDocument(about: MemoryDocumentHead, address: bigint, bytes: Uint8Array, whole: boolean): object {
  return { ...head(about), read: { address: hexText(address), length: bytes.length, whole, bytes: hexDigits(bytes) } };
}

/** `more`: there are further hits. */
export function findDocument(
  about: MemoryDocumentHead,
  pattern: Uint8Array,
  hits: readonly bigint[],
  more: boolean,
): object {
  return { ...head(about), find: { pattern: hexDigits(pattern), hits: hits.map(hexText), more } };
}

export function translateDocument(about: MemoryDocumentHead, rows: readonly (readonly [bigint, Mapping])[]): object {
  const translate = rows.map(([address, { physical, room }]) => ({
    address: hexText(address),
    physical: physical === undefined ? null : hexText(physical),
    end: hexText(address + room),
  }));
  return { ...head(about), translate };
}
