// The source of a transplant: a stream or a template's folder, and what is known of its CPU, from options, from the
// command line that it ran with, or from the template's manifest.

import { dirname, join, resolve } from 'node:path';
import type { ByteSource } from '../bytes/source.js';
import { MANIFEST, templatePath, type Manifest } from '../clone/manifest.js';
import { MAX_COMMAND_LINE } from '../limits.js';
import type { ToldCpu } from '../ops/transplant/cpu.js';
import { askedCpu, parseArgvText } from '../qemu/argv-text.js';
import { STDIO } from './args.js';
import { readWhole } from './read-whole.js';
import { isFolder, manifestIn } from './template-folder.js';
import { UsageError } from './usage-error.js';

export interface TransplantSource {
  /** A path, or `-`. */
  readonly input: string;
  /** Of the template that it belongs to. */
  readonly manifest: Manifest | undefined;
}

/**
 * A folder is a template; a state that a manifest beside it speaks of belongs to one. @throws UsageError for a folder
 * that is none
 */
export async function findSource(state: string, cwd: string): Promise<TransplantSource> {
  if (state === STDIO) return { input: state, manifest: undefined };
  const path = resolve(cwd, state);
  if (await isFolder(path)) {
    const manifest = await manifestIn(path);
    if (manifest === undefined)
      throw new UsageError(
        `${state} is a folder without ${MANIFEST}`,
        'a saved VM, or a template’s folder (`mstream template create`)',
      );
    return { input: templatePath(state, manifest.state.path), manifest };
  }
  const folder = dirname(path);
  const manifest = await manifestIn(folder);
  return {
    input: state,
    manifest: manifest !== undefined && resolve(join(folder, manifest.state.path)) === path ? manifest : undefined,
  };
}

export interface CpuOptions {
  readonly sourceCpu: string | undefined;
  readonly sourceAccel: string | undefined;
  /** A file, or `-`. */
  readonly sourceArgv: string | undefined;
}

/** What is said last counts: options over the command line, that over the manifest. @throws UsageError; as `open` */
export async function toldCpu(
  { sourceCpu, sourceAccel, sourceArgv }: CpuOptions,
  manifest: Manifest | undefined,
  open: (path: string) => Promise<ByteSource>,
): Promise<ToldCpu> {
  const { cpu, accelerator, features } =
    sourceArgv === undefined ? ofManifest(manifest) : await ofCommandLine(sourceArgv, open);
  return {
    cpu: sourceCpu ?? cpu,
    accelerator: sourceAccel ?? accelerator,
    features: sourceCpu === undefined ? features : undefined,
  };
}

async function ofCommandLine(path: string, open: (path: string) => Promise<ByteSource>): Promise<ToldCpu> {
  const bytes = await readWhole(await open(path), MAX_COMMAND_LINE, `a command line (${path})`);
  const words = parseArgvText(Buffer.from(bytes).toString('utf8'));
  if (words === undefined)
    throw new UsageError(
      `--source-argv ${path}: no command line`,
      'as /proc/PID/cmdline has it, a line for a shell, or a JSON list of words',
    );
  return { ...askedCpu(words), features: undefined };
}

/** Checked: the file may have been edited. */
function ofManifest(manifest: Manifest | undefined): ToldCpu {
  const { model, features, accelerator } = (manifest?.cpu ?? {}) as Partial<Record<keyof Manifest['cpu'], unknown>>;
  const names = Array.isArray(features) ? (features as unknown[]).filter((name) => typeof name === 'string') : [];
  return {
    cpu: model === null || typeof model === 'string' ? model : undefined,
    accelerator: typeof accelerator === 'string' ? accelerator : undefined,
    features: names.length === 0 ? undefined : names,
  };
}
