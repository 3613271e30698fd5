// The destination that `mstream verify` was told of, its prediction, and the trial: a profile, a release by name, or a
// QEMU behind `--`. qemu/ is loaded only for the last.

import { resolve } from 'node:path';
import { escapeText } from '../../base/quote.js';
import type { ByteSource } from '../../bytes/source.js';
import { destinationLabel, type Destination } from '../../destination/destination.js';
import {
  atLeast,
  compareVersions,
  NEWEST,
  OLDEST,
  parseVersion,
  releases,
  versionText,
  type QemuVersion,
} from '../../release/version.js';
import { capabilitiesFor, type TrialResult } from '../../ops/verify/against.js';
import { knownBugFindings } from '../../ops/verify/known-bugs.js';
import type { Verification } from '../../ops/verify/verify.js';
import { STDIO } from '../args.js';
import type { Context } from '../command.js';
import { single } from '../options.js';
import { readProfile } from '../read-profile.js';
import { UsageError } from '../usage-error.js';
import type { Target } from './targets.js';

export interface AgainstOptions {
  readonly against?: string | readonly string[] | undefined;
  readonly againstVersion?: readonly string[] | undefined;
  readonly machine?: string | undefined;
  readonly capability?: readonly string[] | undefined;
  readonly load?: boolean | undefined;
}

export interface NamedDestination {
  readonly label: string;
  /** What it is, for that state. */
  destination(target: Target): Promise<Destination>;
  readonly capabilities: Readonly<Record<string, boolean>>;
  /** Gives it the state; undefined: it was not asked for. */
  readonly attempt?: (target: Target, capabilities: readonly string[], mappedBase: number) => Promise<TrialResult>;
}

/**
 * The destinations that were named: profiles, releases, the QEMU behind `--`, in this order.
 * @throws UsageError, Failure, MigrationStreamError code `io`
 */
export async function destinationsOf(
  options: AgainstOptions,
  targets: readonly Target[],
  context: Context,
): Promise<NamedDestination[]> {
  const against = [options.against ?? []].flat();
  const versions = options.againstVersion ?? [];
  const machine = single('machine', options.machine);
  const capabilities = Object.fromEntries((options.capability ?? []).map(capability));
  const profiles = against.filter((path) => path !== '');
  const qemu = context.rest.length > 0;
  if (profiles.length + versions.length + Number(qemu) > 0 && targets.some(({ state }) => state === STDIO))
    throw new UsageError('a destination reads the state a second time, and - can be read once', 'give a file');
  if (machine !== undefined && versions.length === 0) throw new UsageError('--machine goes with --against-version');
  if (!qemu && (options.load === true || profiles.length < against.length))
    throw new UsageError(
      'no QEMU command line',
      'behind --, the executable first: -- qemu-system-x86_64 -M pc -m 2G …',
    );
  const named: NamedDestination[] = [];
  for (const path of profiles) named.push(await ofProfile(path, capabilities, context));
  for (const version of versions) named.push(await ofRelease(version, machine, capabilities, context));
  if (qemu) named.push(await withQemu(options.load === true, capabilities, context));
  if (named.length === 0 && options.capability !== undefined)
    throw new UsageError(
      '--capability is of a destination',
      'it goes with --against, --against-version or a QEMU behind --',
    );
  return named;
}

async function ofProfile(
  path: string,
  capabilities: Readonly<Record<string, boolean>>,
  context: Context,
): Promise<NamedDestination> {
  const destination = await readProfile(path, context);
  return { label: `${path} (${labelOf(destination)})`, destination: () => Promise.resolve(destination), capabilities };
}

async function ofRelease(
  text: string,
  machine: string | undefined,
  capabilities: Readonly<Record<string, boolean>>,
  context: Context,
): Promise<NamedDestination> {
  const version = releaseOf(text);
  const { builtinDestination } = await import('../../destination/builtin-destination.js');
  return {
    label: `QEMU ${text}${machine === undefined ? '' : `, ${machine}`}`,
    destination: async (target) => builtinDestination(await openTarget(context, target), { version, machine }),
    capabilities,
  };
}

/** @throws Failure when it does not start, or cannot be made harmless */
async function withQemu(
  load: boolean,
  capabilities: Readonly<Record<string, boolean>>,
  context: Context,
): Promise<NamedDestination> {
  const { qemuCommandLine, withFailures } = await import('../qemu-command.js');
  const { host } = context;
  const progress = (line: string): void => void host.stderr.write(`${context.err.dim(line)}\n`);
  const { binary, argv } = await qemuCommandLine(context.rest, progress);
  const limits = { cwd: host.cwd, signal: host.signal };
  const destination = await withFailures(async () =>
    (await import('../../qemu/ask/ask.js')).askDestination(binary, argv, limits),
  );
  for (const note of destination.notes) progress(`note: ${escapeText(note)}`);
  const attempt = (target: Target, on: readonly string[], mappedBase: number): Promise<TrialResult> =>
    withFailures(async () => {
      const { tryLoad } = await import('../../qemu/try-load.js');
      const memory = Object.fromEntries(
        target.memory.map((file) => [file.block, { file: file.path, how: 'private' as const }]),
      );
      const { inner, layers } = await context.openState(target.state, target.containers, true);
      try {
        const state = layers.length === 0 ? resolve(host.cwd, target.state) : { source: inner, mappedBase };
        return await tryLoad({ binary, argv, ...limits, state, capabilities: on, memory });
      } finally {
        await inner.close();
      }
    });
  return {
    label: labelOf(destination),
    destination: () => Promise.resolve(destination),
    capabilities,
    ...(load ? { attempt } : {}),
  };
}

async function openTarget(context: Context, { state, containers }: Target): Promise<ByteSource> {
  return (await context.openState(state, containers)).inner;
}

/** The state is read a second time, as that QEMU would. @throws UsageError for a capability that it does not have */
export async function predicted(
  verification: Verification,
  target: Target,
  named: NamedDestination,
  context: Context,
): Promise<Verification> {
  const { inspection } = verification;
  // The input could not be opened. What is no stream could: the destination has words for it.
  if (inspection === undefined) return verification;
  const { predict } = await import('../../loader/index.js');
  const assumed = Object.keys(named.capabilities).length === 0;
  const destination = await named.destination(target);
  const unheard = Object.keys(named.capabilities).find((name) => destination.capabilities[name] === undefined);
  if (unheard !== undefined)
    throw new UsageError(
      `--capability ${unheard}: ${named.label} has none of that name`,
      Object.keys(destination.capabilities).sort().join(', '),
    );
  const capabilities = {
    ...onlyKnown(capabilitiesFor(inspection?.configuration), destination),
    ...named.capabilities,
  };
  const { inflate } = await import('../../bytes/node/inflate.js');
  const prediction = await predict(await openTarget(context, target), destination, { capabilities, inflate });
  const on = Object.keys(capabilities).filter((name) => capabilities[name] === true);
  const trial = await named.attempt?.(target, on, Number(inspection?.dialect.mappedBase?.value ?? 0));
  const bugs = inspection === undefined ? [] : knownBugFindings(inspection, destination.qemu);
  return {
    ...verification,
    findings: [...verification.findings, ...bugs],
    prediction: {
      destination: named.label,
      capabilities,
      assumed,
      prediction,
      ...(trial === undefined ? {} : { trial }),
    },
  };
}

/** Nobody can switch on what a QEMU does not have. */
function onlyKnown(capabilities: Readonly<Record<string, boolean>>, destination: Destination): Record<string, boolean> {
  return Object.fromEntries(
    Object.entries(capabilities).filter(([name]) => destination.capabilities[name] !== undefined),
  );
}

/** `QEMU 7.2.22, pc-i440fx-7.2`. */
function labelOf({ qemu, machine }: Destination): string {
  return `${destinationLabel({ qemu: { ...qemu, package: '' } })}, ${machine}`;
}

function releaseOf(text: string): QemuVersion {
  const version = parseVersion(text);
  const known = releases.filter((candidate) => atLeast(candidate, OLDEST));
  if (version === undefined || !known.some((candidate) => compareVersions(candidate, version) === 0))
    throw new UsageError(
      `--against-version ${text}: no release that is known`,
      `${versionText(OLDEST)} to ${versionText(NEWEST)}, e.g. 4.0`,
    );
  return version;
}

function capability(text: string): [string, boolean] {
  const match = /^([a-z][\w-]*)=(on|off)$/.exec(text);
  if (match === null) throw new UsageError(`--capability ${text}: not NAME=on or NAME=off`);
  return [match[1]!, match[2] === 'on'];
}
