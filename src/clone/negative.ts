// Loads that must fail, and QEMU's words for each. Each case loads a template (or its damaged state) in a QEMU that
// should refuse it, and compares QEMU's stderr with the exact message of that release. Each case names its QEMU
// function.

import { shellWord } from '../base/shell.js';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compareVersions, type QemuVersion } from '../release/version.js';
import type { QemuBinary } from '../qemu/binary.js';
import { startMachine } from '../qemu/machine.js';
import { migrateFrom, setCapabilities } from '../qemu/migrate.js';
import { findOptions } from '../qemu/argv.js';
import { backendsOf, withBackends } from './backends.js';
import { formatSize } from './memory-size.js';
import { inspectState } from './check.js';
import type { Manifest } from './manifest.js';
import type { Check } from './proof.js';
import { cloneArgv, fillIn } from './template-argv.js';

export interface NegativeContext {
  readonly binary: QemuBinary;
  readonly version: QemuVersion;
  readonly manifest: Manifest;
  /** The template's folder. */
  readonly folder: string;
  /** Folder for damaged states. */
  readonly scratch: string;
  /** Full name of a machine type of this QEMU that is not the template's. */
  readonly otherMachine: string;
  readonly signal?: AbortSignal | undefined;
}

interface NegativeCase {
  readonly name: string;
  /** Gives QEMU's argv, whether x-ignore-shared is on, the state file, and a line that stderr must contain exactly. */
  prepare(
    context: NegativeContext,
  ): Promise<{ argv: readonly string[]; ignoreShared?: boolean; state?: string; expected: string }>;
}

const before = (version: QemuVersion, major: number, minor: number): boolean =>
  compareVersions(version, { major, minor }) < 0;

const cases: readonly NegativeCase[] = [
  {
    // qemu_ram_resize(), physmem.c: the wording changed with 5.2
    name: 'another memory size',
    async prepare({ manifest, version }) {
      const [backend] = backendsOf(manifest.argv);
      const size = backend!.size!;
      const grown = withBackends(manifest.argv, () => ({ size: formatSize(size * 2), 'mem-path': '<DIR>/larger' }));
      const at = findOptions(grown, 'm').at(-1);
      const argv = at === undefined ? grown : grown.with(at.index + 1, `${(size * 2) / 2 ** 20}`);
      const hexed = [size, size * 2].map((bytes) => `0x${bytes.toString(16)}`);
      const expected = before(version, 5, 2)
        ? `Length mismatch: ${backend!.id}: ${hexed[0]} in != ${hexed[1]}: Invalid argument`
        : `Size mismatch: ${backend!.id}: ${hexed[0]} != ${hexed[1]}: Invalid argument`;
      return { argv, expected };
    },
  },
  {
    // parse_ramblock(), migration/ram.c
    name: 'no memory backend of that name',
    async prepare({ manifest }) {
      const [backend] = backendsOf(manifest.argv);
      const argv = manifest.argv.map((word) => word.replaceAll(new RegExp(`\\b${backend!.id}\\b`, 'g'), 'other'));
      return { argv, expected: `Unknown ramblock "${backend!.id}", cannot accept migration` };
    },
  },
  {
    // configuration_validate_capabilities(), migration/savevm.c
    name: 'x-ignore-shared off at the clone',
    async prepare({ manifest }) {
      return {
        argv: manifest.argv,
        ignoreShared: false,
        expected: 'Capability x-ignore-shared is off, but received capability is on',
      };
    },
  },
  {
    // configuration_post_load(), migration/savevm.c
    name: 'another machine type',
    async prepare({ manifest, otherMachine }) {
      const at = findOptions(manifest.argv, 'M', 'machine').find(({ value }) => !value.startsWith('memory-backend'));
      const argv =
        at === undefined ? [...manifest.argv, '-M', otherMachine] : manifest.argv.with(at.index + 1, otherMachine);
      return { argv, expected: `Machine type received is '${manifest.machine}' and local is '${otherMachine}'` };
    },
  },
  {
    // qemu_loadvm_state_main(), migration/savevm.c: the stream ends where a section should begin
    name: 'a state cut short',
    async prepare({ manifest, folder, scratch, version }) {
      const state = await readFile(join(folder, manifest.state.path));
      const end = (await inspectState(folder, manifest)).map.find((row) => row.kind === 'eof')!.span.start;
      const cut = join(scratch, 'cut');
      await writeFile(cut, state.subarray(0, end));
      const expected = before(version, 10, 2)
        ? 'load of migration failed: Input/output error'
        : 'load of migration failed: Input/output error: Failed to load section ID: stream error: -5: Channel error: Input/output error';
      return { argv: manifest.argv, state: cut, expected };
    },
  },
];

/** Runs every case. QEMU must refuse each with the expected line. */
export async function checkNegatives(context: NegativeContext): Promise<Check[]> {
  const checks: Check[] = [];
  for (const negative of cases) {
    context.signal?.throwIfAborted();
    const {
      argv,
      ignoreShared = true,
      state = join(context.folder, context.manifest.state.path),
      expected,
    } = await negative.prepare(context);
    const { loaded, stderr } = await tryLoad(context, argv, ignoreShared, state);
    const lines = stderr.split('\n').map((line) => line.replace(/^[^ ]*qemu[^ ]*: /, ''));
    const said = lines.some((line) => line === expected || line.endsWith(`: ${expected}`));
    checks.push({
      name: `refused: ${negative.name}`,
      ok: !loaded && said,
      detail: loaded
        ? 'QEMU loaded it'
        : said
          ? expected
          : `QEMU said ${JSON.stringify(stderr.trim())}, not ${JSON.stringify(expected)}`,
    });
  }
  return checks;
}

async function tryLoad(
  context: NegativeContext,
  argv: readonly string[],
  ignoreShared: boolean,
  state: string,
): Promise<{ loaded: boolean; stderr: string }> {
  const { binary, folder, signal } = context;
  // Private memory, and a separate file where the size differs: the template's file must stay unchanged.
  const withImages = withBackends(argv, (backend): Record<string, string> =>
    backend.path === '<DIR>/larger' ? { 'mem-path': join(context.scratch, 'larger') } : {},
  );
  const machine = await startMachine({
    binary,
    argv: fillIn(cloneArgv(withImages, null, ['-S']), folder, '1'),
    signal,
  });
  try {
    await setCapabilities(machine, { 'x-ignore-shared': ignoreShared });
    await migrateFrom(machine, `exec:cat ${shellWord(state)}`, { signal });
    return { loaded: true, stderr: machine.process.stderr };
  } catch (error) {
    if (signal?.aborted === true) throw error;
    await machine.process.waitForExit(10_000, signal).catch(() => undefined);
    return { loaded: false, stderr: machine.process.stderr };
  } finally {
    await machine.end();
  }
}
