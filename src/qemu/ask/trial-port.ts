// The trial of a transplant: a throw-away QEMU loads a stream and saves it again.

import { copyFile, open } from 'node:fs/promises';
import { join } from 'node:path';
import { openFile } from '../../bytes/node/file-source.js';
import { destinationLabel, type Destination } from '../../destination/destination.js';
import type { PciRegion } from '../../ops/transplant/pci/pci-regions.js';
import type { Patch, TrialOutcome, TrialPort } from '../../ops/transplant/trial/trial.js';
import { migrateToFile, setCapabilities } from '../migrate.js';
import type { NeutralOptions } from '../neutral-machine.js';
import { tryLoad } from '../try-load.js';
import { saveCapabilities } from './ask.js';
import { queryRegions } from './query-pci.js';

export interface TrialOptions extends Pick<NeutralOptions, 'binary' | 'argv' | 'cwd' | 'signal'> {
  /** Ours, gone at the end: saves of the trials stand there. */
  readonly folder: string;
  /** The destination's save of itself: AskOptions.saveTo. */
  readonly donor: string;
  /** Capabilities that the source was saved with. */
  readonly capabilities: readonly string[];
  /** Milliseconds for each step. */
  readonly timeoutMs: number;
}

/** Trials in QEMUs with the options that `destination` was asked with. */
export function trialPort(destination: Destination, options: TrialOptions): TrialPort {
  const { donor, capabilities } = options;
  return {
    qemu: destinationLabel(destination),
    attempt: (state, at) => attempt(options, state, 'again', capabilities, at),
    control: async (patches) =>
      attempt(options, await patched(donor, patches), 'control', saveCapabilities(destination)),
  };
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
  options: TrialOptions,
  state: string,
  name: string,
  capabilities: readonly string[],
  stateAt = 0,
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
    stateAt,
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
