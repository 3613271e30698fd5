// The destination that `mstream transplant` was told of: a QEMU behind `--`, or a profile. qemu/ is loaded for a QEMU
// only.

import { join } from 'node:path';
import { escapeText } from '../base/quote.js';
import type { Destination } from '../destination/destination.js';
import { openStream } from '../open/open-stream.js';
import { compareCpu, type ToldCpu } from '../ops/transplant/cpu.js';
import type { CpuAnswer } from '../ops/transplant/report.js';
import { targetOf, type TransplantTarget } from '../ops/transplant/target.js';
import type { TransplantOptions } from '../ops/transplant/transplant.js';
import { findOptions } from '../qemu/argv.js';
import { capabilitiesOf } from '../wire/configuration.js';
import { STDIO } from './args.js';
import type { Context } from './command.js';
import { exitCode } from './exit-code.js';
import { Failure } from './failure.js';
import type { ContainerChoices } from './options.js';
import { readProfile } from './read-profile.js';

export interface NamedTarget {
  readonly donor: TransplantTarget['donor'];
  readonly options: Pick<TransplantOptions, 'tables' | 'release' | 'offers' | 'cpu' | 'trial' | 'notTried'>;
  /** Where a result may stand that nobody asked for; undefined: nobody could try it. */
  readonly folder?: string;
}

/** @throws UsageError: no profile; Refused: it lacks the donor */
export async function targetInProfile(context: Context, path: string, told: ToldCpu): Promise<NamedTarget> {
  const destination = await readProfile(path, context);
  const { donor, options } = targetOf(destination);
  return { donor, options: { ...options, cpu: cpuOf(destination, told) } };
}

function cpuOf({ cpu, argv }: Destination, told: ToldCpu): CpuAnswer {
  return compareCpu(told, { asked: findOptions(argv, 'cpu').at(-1)?.value, ...cpu });
}

export interface AskOptions {
  readonly input: string;
  readonly containers: ContainerChoices;
  readonly told: ToldCpu;
  readonly trial: boolean;
  readonly timeout: string | undefined;
}

/** Asks the QEMU behind `--`. @throws Failure, UsageError; Refused */
export async function askedTarget(
  context: Context,
  { input, containers, told, trial, timeout }: AskOptions,
): Promise<NamedTarget> {
  const [{ askDestination }, { trialPort }, { dropFolder }, { temporaryFolder }, commandLine] = await Promise.all([
    import('../qemu/ask/ask.js'),
    import('../qemu/ask/trial-port.js'),
    import('../qemu/keeper.js'),
    import('../qemu/process.js'),
    import('./qemu-command.js'),
  ]);
  const { host } = context;
  const folder = temporaryFolder();
  context.defer(() => dropFolder(folder));
  const say = (line: string): void => void host.stderr.write(`${line}\n`);
  return await commandLine.withFailures(async () => {
    const { binary, argv } = await commandLine.qemuCommandLine(context.rest, say);
    const capabilities = await capabilitiesIn(context, input, containers);
    const save = join(folder, 'donor');
    const common = { cwd: host.cwd, signal: host.signal, timeoutMs: commandLine.seconds('timeout', timeout, 60_000) };
    const destination = await askDestination(binary, argv, { ...common, saveTo: save });
    for (const note of destination.notes) say(`note: ${escapeText(note)}`);
    if (destination.save === undefined)
      throw new Failure(exitCode.qemu, 'QEMU', 'the destination cannot save itself, so there is no donor');
    const unknown = capabilities.find((name) => name !== 'mapped-ram' && !(name in destination.capabilities));
    if (unknown !== undefined)
      throw new Failure(exitCode.qemu, 'QEMU', `the source was saved with ${unknown}, which this QEMU does not have`);
    const { donor, options } = targetOf(destination);
    const tried = trial
      ? { trial: trialPort(destination, { ...common, binary, argv, folder, donor: save, capabilities }) }
      : { notTried: '--no-trial' };
    return { donor, folder, options: { ...options, cpu: cpuOf(destination, told), ...tried } };
  });
}

/** Those that the source was saved with; of a pipe nobody knows before it is read. */
async function capabilitiesIn(
  context: Context,
  input: string,
  containers: ContainerChoices,
): Promise<readonly string[]> {
  if (input === STDIO) return [];
  const stream = await openStream((await context.openState(input, containers)).inner, { bodies: 'none' });
  try {
    for await (const event of stream.events()) {
      if (event.kind === 'configuration') return capabilitiesOf(event.configuration) ?? [];
      if (event.kind !== 'header') break;
    }
    return [];
  } finally {
    await stream.close();
  }
}
