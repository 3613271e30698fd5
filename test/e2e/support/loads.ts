// Streams given to a real QEMU: does it load them, with what words does it refuse them, and does the guest run on
// afterwards. Everything starts through qemu/machine.ts. Imports qemu/, clone/ and test/support.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stateUri } from '../../../src/clone/clone.js';
import { COUNTER } from '../../../src/clone/guest.js';
import { openLab, qemuSkipReason, type LabQemu } from '../../../src/qemu/lab.js';
import { withMachine, type Machine } from '../../../src/qemu/machine.js';
import { migrateFrom, migrateToFile, setCapabilities } from '../../../src/qemu/migrate.js';
import { QemuDied } from '../../../src/qemu/process.js';
import { Timeout } from '../../../src/qemu/qmp/errors.js';
import { until } from '../../../src/qemu/qmp/wait.js';
import { waitUntilReady } from '../../../src/qemu/readiness.js';

export const skip = qemuSkipReason();
if (skip !== undefined) console.error(`QEMU tests skipped: ${skip}`);

/** By release: 5.2, 7.2, 10.0, 11.1. Empty when QEMU is switched off. */
export const lab: ReadonlyMap<string, LabQemu> = new Map(
  skip === undefined
    ? (await openLab({ progress: (line) => console.error(line) })).map((qemu) => [qemu.wanted, qemu])
    : [],
);

/** @throws TypeError for a release that the lab lacks */
export function qemu(wanted: string): LabQemu {
  const found = lab.get(wanted);
  if (found === undefined) throw new TypeError(`no QEMU ${wanted} in the lab`);
  return found;
}

const firmware = new URL('../../../fixtures/guest.bin', import.meta.url).pathname;

/** The machine of most fixtures: no devices, our firmware. */
export function pc(machine: string, ...more: readonly string[]): string[] {
  return ['-M', machine, '-m', '2', '-nodefaults', '-vga', 'none', '-bios', firmware, ...more];
}

/** Guest memory in a file. */
export function memoryIn(file: string, share: 'on' | 'off', id = 'mem0'): string[] {
  return [
    '-object',
    `memory-backend-file,id=${id},size=2M,share=${share},mem-path=${file}`,
    '-numa',
    `node,memdev=${id}`,
  ];
}

/** A folder for one test file, gone with the process. */
export const folder = mkdtempSync(join(tmpdir(), 'mstream-rewrite-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

let files = 0;

/** The bytes as a file of their own. */
export function fileOf(bytes: Uint8Array): string {
  files += 1;
  const path = join(folder, `file-${files}`);
  writeFileSync(path, bytes);
  return path;
}

export interface LoadOptions {
  readonly release: string;
  readonly argv: readonly string[];
  /** The stream, or the URI that brings it. */
  readonly stream: Uint8Array | { readonly uri: string };
  readonly capabilities?: readonly string[];
  /** With the guest stopped, as it was loaded. */
  readonly look?: (machine: Machine) => Promise<void>;
}

/** `ran`: the guest's counter goes on. `words`: all that QEMU wrote on stderr. */
export type Outcome =
  | { readonly loaded: true; readonly ran: boolean; readonly words: string }
  | { readonly loaded: false; readonly words: string };

/** A guest that is dead stays so; a live one counts within milliseconds. */
const PATIENCE = 2_000;

/** One QEMU, one stream. @throws whatever is neither a load nor a refusal */
export async function load(options: LoadOptions): Promise<Outcome> {
  const { release, argv, stream, capabilities = [], look } = options;
  return withMachine({ binary: qemu(release).binary, argv: [...argv, '-S', '-incoming', 'defer'] }, async (machine) => {
    try {
      await setCapabilities(machine, Object.fromEntries(capabilities.map((name) => [name, true])));
      await migrateFrom(machine, stream instanceof Uint8Array ? stateUri(machine, fileOf(stream)) : stream.uri, {
        timeoutMs: 30_000,
      });
    } catch (error) {
      if (error instanceof QemuDied && error.stderr.includes('load of migration failed'))
        return { loaded: false, words: error.stderr };
      throw error;
    }
    await look?.(machine);
    await machine.execute('cont');
    return { loaded: true, ran: await counts(machine), words: machine.process.stderr };
  });
}

async function counts(machine: Machine): Promise<boolean> {
  const read = async (): Promise<number> => (await machine.readMemory(COUNTER, 4)).readUInt32LE(0);
  const before = await read();
  try {
    await until(async () => ((await read()) === before ? undefined : true), {
      timeoutMs: PATIENCE,
      what: 'the guest to count on',
    });
    return true;
  } catch (error) {
    if (error instanceof Timeout) return false;
    throw error;
  }
}

/** Starts a guest, waits until it counts, and works with it. */
export function withGuest<T>(
  release: string,
  argv: readonly string[],
  work: (machine: Machine) => Promise<T>,
): Promise<T> {
  files += 1;
  const console_ = join(folder, `console-${files}`);
  return withMachine(
    { binary: qemu(release).binary, argv: [...argv, '-debugcon', `file:${console_}`] },
    async (machine) => {
      await waitUntilReady(machine, { kind: 'text', file: console_, text: 'R' });
      // Its events are what migrations are followed by.
      await setCapabilities(machine, {});
      return work(machine);
    },
  );
}

/** The stream of a guest that runs (and goes on running while it is saved). Answers the file. */
export function save(release: string, argv: readonly string[], capabilities: readonly string[] = []): Promise<string> {
  return withGuest(release, argv, async (machine) => {
    await setCapabilities(machine, Object.fromEntries(capabilities.map((name) => [name, true])));
    const path = fileOf(new Uint8Array(0));
    await migrateToFile(machine, path, { timeoutMs: 30_000 });
    return path;
  });
}

/** Guest memory that no ROM covers. */
export async function guestRam(machine: Machine): Promise<Buffer> {
  const all = await machine.readMemory(0, 2 << 20);
  return withoutRoms(all);
}

/** The same of a memory file: pc.rom lies over 0xc0000, pc.bios over 0xf0000. */
export function withoutRoms(memory: Uint8Array): Buffer {
  return Buffer.concat([memory.subarray(0, 0xc0000), memory.subarray(0xe0000, 0xf0000), memory.subarray(0x100000)]);
}
