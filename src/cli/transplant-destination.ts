// The QEMU behind `--` of `mstream transplant`, asked for its donor and for a trial. Loaded only where there is one.

import { capabilitiesOf } from '../wire/configuration.js';
import { openStream } from '../open/open-stream.js';
import { compareCpu, type ToldCpu } from '../ops/transplant/cpu.js';
import type { Donor } from '../ops/transplant/donor.js';
import type { TransplantOptions } from '../ops/transplant/transplant.js';
import { findOptions } from '../qemu/argv.js';
import { dropFolder } from '../qemu/keeper.js';
import { WillNotStart } from '../qemu/neutralise.js';
import { temporaryFolder } from '../qemu/process.js';
import { askDestination } from '../qemu/transplant/destination.js';
import { STDIO } from './args.js';
import type { Context } from './command.js';
import { exitCode } from './exit-code.js';
import { Failure } from './failure.js';
import type { ContainerChoices } from './options.js';
import { qemuCommandLine, seconds, withFailures } from './qemu-command.js';

export interface AskedDestination {
  readonly donor: Donor;
  readonly options: Pick<TransplantOptions, 'tables' | 'release' | 'cpu' | 'trial' | 'notTried'>;
  /** Where a result may stand that nobody asked for. */
  readonly folder: string;
}

export interface AskOptions {
  readonly input: string;
  readonly containers: ContainerChoices;
  readonly told: ToldCpu;
  readonly trial: boolean;
  readonly timeout: string | undefined;
}

/** @throws Failure, UsageError */
export async function askedDestination(
  context: Context,
  { input, containers, told, trial, timeout }: AskOptions,
): Promise<AskedDestination> {
  const { host } = context;
  const folder = temporaryFolder();
  context.defer(() => dropFolder(folder));
  try {
    return await withFailures(async () => {
      const { binary, argv } = await qemuCommandLine(context.rest, (line) => void host.stderr.write(`${line}\n`));
      const capabilities = await capabilitiesIn(context, input, containers);
      const asked = await askDestination({
        binary,
        argv,
        folder,
        capabilities,
        cwd: host.cwd,
        signal: host.signal,
        timeoutMs: seconds('timeout', timeout, 60_000),
      });
      const cpu = compareCpu(told, {
        asked: findOptions(argv, 'cpu').at(-1)?.value,
        model: asked.cpu.model,
        accelerator: asked.cpu.accelerator,
        features: asked.cpu.features,
      });
      const tried = trial ? { trial: asked.trial } : { notTried: '--no-trial' };
      return { donor: asked.donor, folder, options: { tables: asked.tables, release: asked.release, cpu, ...tried } };
    });
  } catch (error) {
    if (error instanceof WillNotStart) throw new Failure(exitCode.findings, 'refused', error.message);
    throw error;
  }
}

/** Those that the source was saved with; of a pipe nobody knows before it is read. */
async function capabilitiesIn(
  context: Context,
  input: string,
  containers: ContainerChoices,
): Promise<readonly string[]> {
  if (input === STDIO) return [];
  const stream = await openStream((await context.openState(input, containers)).inner, { bodies: false });
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
