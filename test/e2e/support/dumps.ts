// A stopped guest, kept three ways: its stream, QEMU's own ELF core, and pieces of its memory. Imports qemu/.

import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { waitUntilReady } from '../../../src/qemu/readiness.js';
import type { LabQemu } from '../../../src/qemu/lab.js';
import { withMachine, type Machine } from '../../../src/qemu/machine.js';
import { migrateToFile, setCapabilities } from '../../../src/qemu/migrate.js';

export interface Dumped {
  readonly state: string;
  readonly core: string;
  /** kdump-compressed, flattened. */
  readonly kdump: string;
  /** kdump-compressed as a regular file; undefined: QEMU before 8.2 writes none. */
  readonly regular: string | undefined;
}

/** Waits for `ready` on the file that the guest writes, stops the guest, then saves and dumps it. */
export function dumpGuest(
  qemu: LabQemu,
  argv: readonly string[],
  folder: string,
  ready: { readonly file: string; readonly text: string },
  look: (machine: Machine) => Promise<void> = async () => {},
): Promise<Dumped> {
  return withMachine({ binary: qemu.binary, argv }, async (machine) => {
    await waitUntilReady(machine, { kind: 'text', ...ready });
    await machine.execute('stop');
    await setCapabilities(machine, {});
    const dump = async (name: string, format: string): Promise<string> => {
      const file = join(folder, name);
      const words = { paging: false, protocol: `file:${file}`, format };
      await machine.execute('dump-guest-memory', words, { timeoutMs: 60_000 });
      return file;
    };
    const core = await dump('core', 'elf');
    const kdump = await dump('kdump', 'kdump-zlib');
    const modern = Number.parseFloat(qemu.version) >= 8.2;
    const regular = modern ? await dump('kdump-raw', 'kdump-raw-zlib') : undefined;
    const state = join(folder, 'state');
    await look(machine);
    await migrateToFile(machine, state, { timeoutMs: 60_000 });
    return { state, core, kdump, regular };
  });
}

/** Where two files first differ, with their lengths; undefined: nowhere. `patch` changes the head of the second. */
export async function firstDifference(
  first: string,
  second: string,
  patch: (head: Buffer) => void = () => {},
): Promise<string | undefined> {
  const [a, b] = await Promise.all([open(first), open(second)]);
  try {
    const sizes = [(await a.stat()).size, (await b.stat()).size];
    if (sizes[0] !== sizes[1]) return `${sizes[0]} and ${sizes[1]} bytes`;
    const [x, y] = [Buffer.alloc(1 << 22), Buffer.alloc(1 << 22)];
    for (let at = 0; at < sizes[0]!; at += x.length) {
      const got = [await a.read(x, 0, x.length, at), await b.read(y, 0, y.length, at)];
      if (at === 0) patch(y);
      const [left, right] = [x.subarray(0, got[0]!.bytesRead), y.subarray(0, got[1]!.bytesRead)];
      if (!left.equals(right)) return `at ${at + left.findIndex((byte, i) => byte !== right[i])}`;
    }
    return undefined;
  } finally {
    await Promise.all([a.close(), b.close()]);
  }
}

export interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

/** The program headers of a little-endian ELF core, and its machine. */
export async function segmentsOf(file: string): Promise<{ readonly machine: number; readonly segments: Segment[] }> {
  const handle = await open(file);
  try {
    const head = Buffer.alloc(65536);
    await handle.read(head, 0, head.length, 0);
    const wide = head[4] === 2;
    const [at, count] = wide
      ? [Number(head.readBigUInt64LE(32)), head.readUInt16LE(56)]
      : [head.readUInt32LE(28), head.readUInt16LE(44)];
    const segments = Array.from({ length: count }, (_, i): Segment => {
      const p = at + i * (wide ? 56 : 32);
      const word = (wideAt: number, narrowAt: number): number =>
        wide ? Number(head.readBigUInt64LE(p + wideAt)) : head.readUInt32LE(p + narrowAt);
      return { type: head.readUInt32LE(p), offset: word(8, 4), address: word(24, 12), size: word(32, 16) };
    });
    return { machine: head.readUInt16LE(18), segments };
  } finally {
    await handle.close();
  }
}

/** `length` bytes of a file from `at` on. */
export async function bytesOf(file: string, at: number, length: number): Promise<Buffer> {
  const handle = await open(file);
  try {
    const bytes = Buffer.alloc(length);
    const { bytesRead } = await handle.read(bytes, 0, length, at);
    return bytes.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
