// Steps 1 and 2 of the recipe: starts the template VM with its memory in a file, waits until it is ready, stops it,
// saves its state without that memory, and writes the manifest. The work happens in a folder beside the target; the
// complete folder is then moved to the target.

import { Refused } from '../base/refused.js';
import { behaves } from '../release/behaviours.js';
import { release } from '../release/version.js';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { openFile } from '../bytes/node/file-source.js';
import { inspect, type Inspection } from '../ops/inspect.js';
import { openStream } from '../open/open-stream.js';
import { binaryVersion, type QemuBinary } from '../qemu/binary.js';
import { keepFolder, dropFolder, forgetFolder } from '../qemu/keeper.js';
import { startMachine, type Accelerator, type Machine } from '../qemu/machine.js';
import { migrateToFile, setCapabilities } from '../qemu/migrate.js';
import { waitUntilReady, type Readiness } from '../qemu/readiness.js';
import { backendsOf } from './backends.js';
import {
  describeFile,
  hashFile,
  manifestBlocks,
  MANIFEST,
  STATE,
  writeManifest,
  type Manifest,
  type ManifestFile,
} from './manifest.js';
import { describeCpu } from '../qemu/cpu.js';
import { IncompleteState } from './errors.js';
import { fillIn, templateArgv } from './template-argv.js';

export interface TemplateOptions {
  readonly binary: QemuBinary;
  /** QEMU's options, without the executable. */
  readonly argv: readonly string[];
  readonly folder: string;
  readonly readiness: Readiness;
  /** Capabilities to switch on in addition to x-ignore-shared. */
  readonly capabilities?: readonly string[];
  /** Replace an existing template. */
  readonly force?: boolean;
  readonly accelerator?: Accelerator;
  /** Milliseconds for readiness, and again for the migration. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Called while the template is stopped, just before its state is saved. */
  readonly onStopped?: (machine: Machine) => Promise<void>;
  /** The current step, as text for people. */
  readonly progress?: (line: string) => void;
}

/**
 * Makes a template. A failure leaves nothing behind, and an existing template stays.
 * @throws Refused, QemuDied, MigrationFailed, Timeout, QmpError, IncompleteState, the signal's reason
 */
export async function createTemplate(options: TemplateOptions): Promise<Manifest> {
  const { folder, binary, progress } = options;
  await refuseExisting(folder, options.force ?? false);
  const version = await binaryVersion(binary);
  const argv = templateArgv(options.argv, {
    capabilities: options.capabilities ?? [],
    machineMemoryBackend: behaves(release(version.version), 'machine-memory-backend'),
  });
  const work = join(dirname(folder), `.${basename(folder)}.${process.pid}.partial`);
  // It holds guest memory, which nobody but its owner may read.
  await mkdir(work, { recursive: true, mode: 0o700 });
  keepFolder(work);
  try {
    const { inspection, cpu } = await runTemplate(options, argv, work, progress);
    progress?.('hashing memory and state');
    const memory: Record<string, ManifestFile> = {};
    for (const backend of backendsOf(argv)) {
      memory[backend.id] = await describeFile(work, backend.path!.replace('<DIR>/', ''));
    }
    const manifest: Manifest = {
      schemaVersion: 1,
      kind: 'mstream-template',
      created: new Date().toISOString(),
      qemu: { ...version, executable: binary.executable, sha256: await hashFile(binary.executable) },
      machine: inspection.configuration?.machine ?? null,
      argv,
      capabilities: ['x-ignore-shared', ...(options.capabilities ?? [])],
      cpu,
      dialect: typeof inspection.dialect.layout?.value === 'string' ? inspection.dialect.layout.value : null,
      blocks: manifestBlocks(inspection),
      state: await describeFile(work, STATE),
      memory,
    };
    await writeManifest(work, manifest);
    await putInPlace(work, folder);
    forgetFolder(work);
    return manifest;
  } catch (error) {
    dropFolder(work);
    throw error;
  }
}

async function runTemplate(
  options: TemplateOptions,
  argv: readonly string[],
  work: string,
  progress: ((line: string) => void) | undefined,
): Promise<{ inspection: Inspection; cpu: Manifest['cpu'] }> {
  const { timeoutMs, signal } = options;
  const limits = { ...(timeoutMs === undefined ? {} : { timeoutMs }), signal };
  const machine = await startMachine({
    binary: options.binary,
    argv: fillIn(argv, work, 'template'),
    accelerator: options.accelerator ?? 'tcg',
    ...limits,
  });
  try {
    progress?.('waiting until the guest is ready');
    await waitUntilReady(machine, options.readiness, limits);
    await machine.execute('stop');
    await options.onStopped?.(machine);
    const cpu = await describeCpu(machine, argv);
    await setCapabilities(
      machine,
      Object.fromEntries(['x-ignore-shared', ...(options.capabilities ?? [])].map((name) => [name, true])),
    );
    progress?.('saving its state');
    const inspection = await saveState(machine, join(work, STATE), limits);
    const left = inspection.blocks.filter((block) => block.ignored === true).map((block) => block.idstr);
    if (left.length === 0)
      throw new Refused('refused', 'QEMU put all memory into the state: nothing was left out for clones to map', {
        code: 'share-on-backend',
      });
    await machine.quit();
    return { inspection, cpu };
  } finally {
    await machine.end();
  }
}

/** Saves the state, then reads it to check that it is complete. @throws as migrateToFile, and IncompleteState */
export async function saveState(
  machine: Machine,
  file: string,
  limits: { timeoutMs?: number; signal?: AbortSignal | undefined },
): Promise<Inspection> {
  await migrateToFile(machine, file, limits);
  const stream = await openStream(await openFile(file), { bodies: 'none' });
  try {
    const inspection = await inspect(stream);
    if (inspection.error !== undefined || !inspection.complete)
      throw new IncompleteState(inspection, machine.process.stderr);
    return inspection;
  } finally {
    await stream.close();
  }
}

async function refuseExisting(folder: string, force: boolean): Promise<void> {
  const there = await stat(folder).catch(() => undefined);
  if (there === undefined) return;
  if (!there.isDirectory()) throw new Refused('refused', `${folder} exists and is no folder`);
  const holds = await Promise.all(
    [STATE, MANIFEST, 'memory'].map((name) =>
      stat(join(folder, name)).then(
        () => name,
        () => undefined,
      ),
    ),
  );
  const found = holds.filter((name) => name !== undefined);
  if (found.length > 0 && !force)
    throw new Refused('refused', `${folder} holds a template already (${found.join(', ')})`, { code: 'replace' });
}

/**
 * The folder appears complete or not at all. An existing folder is moved aside first, and moved back if the step fails.
 */
async function putInPlace(work: string, folder: string): Promise<void> {
  const aside = `${work}.old`;
  const had = await rename(folder, aside).then(
    () => true,
    () => false,
  );
  try {
    await rename(work, folder);
  } catch (error) {
    if (had) await rename(aside, folder);
    throw error;
  }
  if (had) await rm(aside, { recursive: true, force: true });
}
