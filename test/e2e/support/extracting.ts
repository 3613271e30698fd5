// Memory taken out of a stream by our functions, held against the dumps that QEMU wrote of the same guest.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { openFile } from '../../../src/bytes/node/file-source.js';
import { openFileSink } from '../../../src/bytes/node/file-sink.js';
import { inflate } from '../../../src/bytes/node/inflate.js';
import { extract, type AddressedFormat } from '../../../src/ops/extract/extract.js';
import type { Deflate } from '../../../src/ops/extract/kdump/pages.js';
import type { Selection } from '../../../src/ops/extract/plan.js';
import { openGuest, type Guest } from '../../../src/ops/guest/guest.js';
import { bytesOf, firstDifference, segmentsOf, type Dumped } from './dumps.js';
import { FLAT_UTSNAME, FLAT_PHYS_BASE, UTSNAME, packedPages, PHYS_BASE, SUB_HEADER, unflatten } from './kdump.js';

export interface Further {
  readonly deflate?: Deflate;
  /** As into a pipe, where no byte can be written anywhere but at the end. */
  readonly forward?: boolean;
  /** Changes what is known of the guest. */
  readonly as?: (guest: Guest) => Guest;
}

export async function out(
  state: string,
  to: string,
  format: AddressedFormat,
  selection?: Selection,
  { deflate, forward, as }: Further = {},
): Promise<string> {
  const source = await openFile(state);
  const file = await openFileSink(to, { force: true });
  const sink = forward === true ? { ...file, patch: undefined } : file;
  const guest = await openGuest(source, { inflate });
  const { map } = await extract(as?.(guest) ?? guest, sink, format, selection, deflate);
  await sink.commit();
  await source.close();
  return map.how;
}

/**
 * QEMU's headers without two slips: e_ehsize has the size of a pointer, and the section header of the names is in the
 * byte order of the host.
 */
function corrected(head: Buffer): void {
  const little = head[5] === 1;
  head.set(little ? [64, 0] : [0, 64], 52);
  if (little) return;
  const section = head.subarray(128, 192);
  for (const at of [0, 4, 40, 44]) section.subarray(at, at + 4).reverse();
  for (const at of [8, 16, 24, 32, 48, 56]) section.subarray(at, at + 8).reverse();
  const [at, size] = [8, 32].map((field) => Number(head.readBigUInt64BE(192 + field)));
  numberCpus(head.subarray(at, at! + size!));
}

/**
 * Numbers the CPUs of big-endian notes: 7.2 leaves the number of ppc64 out, and writes that of s390x as its host does.
 */
function numberCpus(notes: Buffer): void {
  let id = 0;
  for (let at = 0; at + 12 <= notes.length;) {
    const [name, size, type] = [0, 4, 8].map((field) => notes.readUInt32BE(at + field));
    const contents = at + 12 + Math.ceil(name! / 4) * 4;
    if (type === 1) notes.writeUInt32BE((id += 1), contents + 32);
    at = contents + Math.ceil(size! / 4) * 4;
  }
}

/** Our core is QEMU's but for what `corrected` changes. Before 7.2 the headers stand in another order. */
export async function sameCore(ours: string, theirs: string, release: string): Promise<void> {
  if (!release.startsWith('5.')) {
    expect(await firstDifference(ours, theirs, corrected)).toBeUndefined();
    return;
  }
  const [mine, qemus] = [await segmentsOf(ours), await segmentsOf(theirs)];
  expect(mine.machine).toBe(qemus.machine);
  expect(mine.segments.map(({ offset: _, ...rest }) => rest)).toEqual(
    qemus.segments.map(({ offset: _, ...rest }) => rest),
  );
  for (const [i, { offset, size }] of mine.segments.entries())
    for (let at = 0; at < size; at += 1 << 24) {
      const length = Math.min(1 << 24, size - at);
      const pieces = [bytesOf(ours, offset + at, length), bytesOf(theirs, qemus.segments[i]!.offset + at, length)];
      const [a, b] = await Promise.all(pieces);
      expect(a!.equals(b!), `segment ${i} + ${at}`).toBe(true);
    }
}

/**
 * Our kdump files are QEMU's, record by record, but for utsname and, with `physBase`, for the kernel's base, which QEMU
 * reads as a hexadecimal number although Linux writes a decimal one. How a page is compressed differs between builds of
 * zlib, so QEMU's bytes are given to each page; what other bytes do is shown by judges.test.ts.
 */
export async function sameKdump(
  { state, kdump, regular }: Dumped,
  folder: string,
  { physBase = false, little = true } = {},
): Promise<void> {
  const { packed, count, pageSize } = packedPages(await unflatten(kdump), little);
  expect(count).toBeGreaterThan(100);
  expect(packed.size).toBeGreaterThan(0);
  const deflate = (page: Uint8Array): Uint8Array => packed.get(Buffer.from(page).toString('latin1')) ?? page;
  for (const [theirs, forward, names] of [
    [kdump, true, FLAT_UTSNAME],
    [regular, false, UTSNAME],
  ] as const) {
    if (theirs === undefined) continue;
    const ours = join(folder, 'compared');
    await out(state, ours, 'kdump', undefined, { deflate, forward });
    const [mine, qemus] = await Promise.all([readFile(ours), readFile(theirs)]);
    const base = forward ? FLAT_PHYS_BASE : PHYS_BASE;
    expect(mine.readBigUInt64LE(base) === qemus.readBigUInt64LE(base)).toBe(!physBase);
    for (const file of [mine, qemus]) {
      file.fill(0, names.at, names.at + names.size);
      if (physBase) file.writeBigUInt64LE(0n, base);
      const at = forward ? FLAT_PHYS_BASE : pageSize;
      const notes = at + SUB_HEADER + (forward ? 16 : 0);
      if (!little) numberCpus(file.subarray(notes, notes + Number(file.readBigUInt64BE(at + 56))));
    }
    expect(mine.length).toBe(qemus.length);
    expect(mine.findIndex((byte, i) => byte !== qemus[i])).toBe(-1);
  }
}
