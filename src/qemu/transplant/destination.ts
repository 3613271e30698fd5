// The destination of a transplant, asked: a throw-away QEMU with its options, made harmless, that saves itself (the
// donor), says what it is, and dumps what it could load; later it tries the result.

import { copyFile, open } from 'node:fs/promises';
import { join } from 'node:path';
import { openFile } from '../../bytes/node/file-source.js';
import type { QemuVersion } from '../../release/version.js';
import { readDonor, type Donor } from '../../ops/transplant/donor.js';
import { parseKnownTables, type KnownTables } from '../../ops/transplant/known.js';
import type { PciRegion } from '../../ops/transplant/pci/pci-regions.js';
import type { Patch, TrialOutcome, TrialPort } from '../../ops/transplant/trial/trial.js';
import { describeFirstCpu, type CpuFacts } from '../cpu.js';
import { dumpVmstate } from '../dump-vmstate.js';
import { migrateToFile, setCapabilities } from '../migrate.js';
import { withNeutralMachine, type NeutralOptions } from '../neutral-machine.js';
import { tryLoad } from '../try-load.js';
import { queryRegions } from './query-pci.js';

export interface DestinationOptions extends Pick<NeutralOptions, 'binary' | 'argv' | 'cwd' | 'signal'> {
  /** Ours, gone at the end: donor and saves stand there. */
  readonly folder: string;
  /** Capabilities that the source was saved with. */
  readonly capabilities: readonly string[];
  /** Milliseconds for each step. */
  readonly timeoutMs: number;
}

export interface Destination {
  readonly donor: Donor;
  readonly tables: KnownTables;
  readonly release: QemuVersion;
  readonly cpu: CpuFacts;
  /** For people. */
  readonly label: string;
  readonly trial: TrialPort;
}

/** @throws WillNotStart, QemuDied, MigrationFailed, QmpError, Timeout; MigrationStreamError for a save that cannot be read */
export async function askDestination(options: DestinationOptions): Promise<Destination> {
  const { binary, folder, capabilities, timeoutMs, signal } = options;
  const file = join(folder, 'donor');
  const asked = await withNeutralMachine(options, async (machine) => {
    const type = await machine.execute('qom-get', { path: '/machine', property: 'type' });
    const cpu = await describeFirstCpu(machine);
    await setCapabilities(machine, on(capabilities.filter(isPlain)));
    await migrateToFile(machine, file, { timeoutMs, signal });
    const { qemu, package: name } = machine.qmp.greeting.version;
    return {
      cpu,
      machine: String(type).replace(/-machine$/, ''),
      release: { major: qemu.major, minor: qemu.minor },
      label: `QEMU ${qemu.major}.${qemu.minor}.${qemu.micro}${name === '' ? '' : ` ${name}`}`,
    };
  });
  const source = await openFile(file);
  try {
    return {
      ...asked,
      donor: await readDonor(source),
      tables: parseKnownTables(await dumpVmstate(binary, asked.machine, folder, timeoutMs)),
      trial: {
        qemu: asked.label,
        attempt: (state) => attempt(options, state, 'again', capabilities),
        control: async (patches) =>
          attempt(options, await patched(file, patches), 'control', capabilities.filter(isPlain)),
      },
    };
  } finally {
    await source.close();
  }
}

/** The file, or a copy with other bytes in it. */
async function patched(file: string, patches: readonly Patch[]): Promise<string> {
  if (patches.length === 0) return file;
  const copy = `${file}-patched`;
  await copyFile(file, copy);
  const handle = await open(copy, 'r+');
  try {
    for (const { offset, bytes } of patches) await handle.write(bytes, 0, bytes.length, offset);
  } finally {
    await handle.close();
  }
  return copy;
}

async function attempt(
  options: DestinationOptions,
  state: string,
  name: string,
  capabilities: readonly string[],
): Promise<TrialOutcome> {
  const { binary, argv, cwd, signal, timeoutMs, folder } = options;
  const file = join(folder, name);
  let saved = false;
  let problem = '';
  let regions: readonly PciRegion[] = [];
  const { verdict, stderr } = await tryLoad({
    binary,
    argv,
    cwd,
    signal,
    state,
    capabilities,
    timeoutMs,
    look: async (machine) => {
      regions = await queryRegions(machine);
      try {
        await setCapabilities(machine, Object.fromEntries(capabilities.map((name) => [name, isPlain(name)])));
        await migrateToFile(machine, file, { timeoutMs, signal });
        saved = true;
      } catch (error) {
        problem = error instanceof Error ? error.message : String(error);
      }
    },
  });
  const words =
    verdict === 'hung' ? `${stderr}\nneither loaded nor refused within ${timeoutMs / 1000} s` : `${stderr}\n${problem}`;
  return { loaded: verdict === 'loads', words, saved: saved ? await openFile(file) : undefined, regions };
}

/** Donor and saves are plain files, whatever the source was. */
function isPlain(capability: string): boolean {
  return capability !== 'mapped-ram';
}

function on(capabilities: readonly string[]): Record<string, boolean> {
  return Object.fromEntries(capabilities.map((name) => [name, true]));
}
