// `mstream transplant STATE -o OUT -- qemu …`, `--against PROFILE` or `--onto DONOR`: a saved VM carried to another
// QEMU.

import { join } from 'node:path';
import type { ByteSource } from '../../bytes/source.js';
import type { Nest } from '../../container/open.js';
import { readVmstateTables } from '../../destination/vmstate-tables.js';
import { MAX_VMDESCRIPTION } from '../../limits.js';
import { readDonor } from '../../ops/transplant/donor.js';
import { readDescription } from '../../ops/transplant/read-description.js';
import type { Grade } from '../../ops/transplant/report.js';
import { transplant, type TransplantResult } from '../../ops/transplant/transplant.js';
import { toJson } from '../../report/printable.js';
import { transplantDocument } from '../../report/transplant/json.js';
import { transplantText } from '../../report/transplant/text.js';
import { showDash, STDIO } from '../args.js';
import { defineCommand, type Context } from '../command.js';
import { exitCode, type ExitCode } from '../exit-code.js';
import { Failure } from '../failure.js';
import { keepOptions, openKept } from '../keep-container.js';
import { choice, flag, positional, text, type ValuesOf } from '../option.js';
import { containerChoices, readingOptions, single, streamOptions, type ContainerChoices } from '../options.js';
import { progressOf } from '../progress.js';
import { readWhole } from '../read-whole.js';
import { refuseSameFiles } from '../same-files.js';
import type { NamedTarget } from '../transplant-target.js';
import { findSource, toldCpu, type TransplantSource } from '../transplant-source.js';
import { nowhere } from '../staged.js';
import { UsageError } from '../usage-error.js';

const options = {
  state: positional('A saved VM: a migration stream, a file, or - for stdin; or a template’s folder'),
  output: text('The output: a file, or - for stdout', 'o'),
  against: text('PROFILE.json: the destination, as `mstream profile` kept it; nothing is tried'),
  onto: text('A save of the destination from before its guest ran'),
  schema: text('The destination’s -dump-vmstate: what it could load'),
  schemaFrom: text('A stream of the source’s QEMU and options, for a source without vmdescription'),
  noTrial: flag('Do not load the result in a throw-away destination'),
  sourceCpu: text('The -cpu of the source; no stream says it'),
  sourceAccel: choice(['tcg', 'kvm', 'hvf', 'whpx', 'nvmm', 'mshv'], 'The source’s accelerator'),
  sourceArgv: text('The source’s command line (a file, /proc/PID/cmdline, or -): its CPU and accelerator'),
  timeout: text('Seconds for each step of a QEMU (60)'),
  strict: flag('Refuse assumed values, too'),
  allowLoss: flag('Write even if values are lost'),
  dryRun: flag('Report, write nothing'),
  force: flag('Replace files'),
  json: flag('The report as one document'),
  quiet: flag('No report', 'q'),
  ...keepOptions,
  ...readingOptions,
};
type TransplantOptions = ValuesOf<typeof options>;

export const transplantCommand = defineCommand({
  options,
  examples: [
    {
      args: 'transplant old -o new -- qemu-system-x86_64 -M pc -m 2G …',
      text: 'To that QEMU: it is asked, and tries the result, without touching disks or memory files',
    },
    {
      args: 'transplant old -o new --source-cpu max --source-accel tcg -- …',
      text: '… with what no stream says of the source',
    },
    { args: 'transplant vm -o new -- …', text: '… of a template’s folder, whose manifest says it' },
    {
      args: 'transplant old -o new --against host11.json',
      text: 'To the destination that `mstream profile -o host11.json -- …` asked, where it cannot be asked now',
    },
    {
      args: 'transplant old -o new --onto donor --schema dump',
      text: 'Onto a save that the destination made of itself, started with -S and the same devices',
    },
    { args: 'transplant old --dry-run --onto donor', text: 'What would be carried, assumed, lost' },
  ],
  async run(options, context) {
    const planned = options.dryRun ?? false;
    const output = single('output', options.output);
    if (!planned && output === undefined) throw new UsageError('where to?', '-o FILE, -o - for stdout, or --dry-run');
    const onto = single('onto', options.onto);
    const against = single('against', options.against);
    checkDestination(options, { onto, against }, context.rest);
    if (options.strict === true && options.allowLoss === true)
      throw new UsageError('--strict and --allow-loss', 'one of them');
    const result = await work(
      options,
      context,
      { onto: onto === undefined ? undefined : showDash(onto), against },
      planned ? undefined : showDash(output!),
    );
    await tell(options, context, result, planned, output);
    if (result.written || planned) return gradeCode(result, options);
    const { grade } = result.report;
    throw new Failure(
      exitCode.findings,
      'refused',
      `the transplant would be ${grade}`,
      grade === 'lossy'
        ? '--allow-loss writes it all the same'
        : grade === 'assumed'
          ? 'without --strict it is written'
          : 'the report says what would help',
    );
  },
});

/** A destination that is a file. */
interface Files {
  readonly onto: string | undefined;
  readonly against: string | undefined;
}

/** @throws UsageError */
function checkDestination(options: TransplantOptions, { onto, against }: Files, rest: readonly string[]): void {
  const named = [
    ...(against === undefined ? [] : ['--against']),
    ...(onto === undefined ? [] : ['--onto']),
    ...(rest.length === 0 ? [] : ['a QEMU behind --']),
  ];
  if (named.length === 0)
    throw new UsageError(
      'to where?',
      'the destination behind --: -- qemu-system-x86_64 -M pc …; or --against with its profile, or --onto with what it saved of itself',
    );
  if (named.length > 1) throw new UsageError(named.join(' and '), 'one of them');
  const aboutQemu = ['noTrial', 'timeout'] as const;
  const aboutCpu = ['sourceCpu', 'sourceAccel', 'sourceArgv'] as const;
  const unfit =
    rest.length > 0
      ? undefined
      : [...aboutQemu, ...(onto === undefined ? [] : aboutCpu)].find((name) => options[name] !== undefined);
  if (unfit !== undefined)
    throw new UsageError(
      `--${unfit.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} is about a destination that can be asked`,
      `put a QEMU behind --, instead of ${named[0]!}`,
    );
  if (onto === undefined && options.schema !== undefined)
    throw new UsageError(
      `--schema and ${named[0]!}`,
      rest.length > 0 ? 'that QEMU is asked itself' : 'the profile has what that QEMU dumped',
    );
}

/** A dry run answers what the run itself would. */
function gradeCode({ report }: TransplantResult, options: TransplantOptions): ExitCode {
  const allowed: readonly Grade[] =
    options.strict === true
      ? ['exact']
      : options.allowLoss === true
        ? ['exact', 'assumed', 'lossy']
        : ['exact', 'assumed'];
  return allowed.includes(report.grade) ? exitCode.clean : exitCode.findings;
}

async function work(
  options: TransplantOptions,
  context: Context,
  { onto, against }: Files,
  output: string | undefined,
): Promise<TransplantResult> {
  const { host } = context;
  const found = await findSource(showDash(options.state), host.cwd);
  const { input } = found;
  const [schema, schemaFrom, sourceArgv] = [
    single('schema', options.schema),
    single('schema-from', options.schemaFrom),
    single('source-argv', options.sourceArgv),
  ];
  const read = [
    input,
    ...[onto, against, schema, schemaFrom, sourceArgv, single('xml', options.xml)]
      .filter((path) => path !== undefined)
      .map(showDash),
  ];
  if (read.filter((path) => path === STDIO).length > 1) throw new UsageError('stdin is read twice');
  await refuseSameFiles(host, read, output === undefined ? [] : [output]);
  const destination = onto === undefined ? await namedTarget(options, context, found, against) : undefined;
  const nest = await openStateSource(context, input, containerChoices(options));
  const { inner: source } = nest;
  const donor = destination?.donor ?? (await readDonor((await openStateSource(context, onto!)).inner));
  const tables =
    schema === undefined
      ? undefined
      : readVmstateTables(await readWhole(await open(context, showDash(schema)), MAX_VMDESCRIPTION, '-dump-vmstate'));
  const described =
    schemaFrom === undefined ? undefined : await readDescription(await open(context, showDash(schemaFrom)));
  // A dry run with a QEMU tries the result all the same, in a folder that goes.
  const place =
    destination?.folder === undefined || options.noTrial === true ? undefined : join(destination.folder, 'result');
  const force = options.force ?? false;
  const machine = donor.configuration?.machine;
  const { sink, shift } =
    output !== undefined
      ? await openKept(context, { nest, output, force, options, machine, stage: true })
      : { sink: place === undefined ? nowhere : await host.openOutput(place, force), shift: 0 };
  context.defer(() => sink.abort());
  const progress = progressOf(context, 'transplanting', input, source);
  try {
    return await transplant(source, sink, donor, {
      ...streamOptions(options),
      tables,
      ...destination?.options,
      schemaFrom: described,
      shift,
      allow:
        output === undefined
          ? 'impossible'
          : options.strict === true
            ? 'exact'
            : options.allowLoss === true
              ? 'lossy'
              : 'assumed',
      onProgress: (position) => progress.update(position),
    });
  } finally {
    progress.stop();
  }
}

async function namedTarget(
  options: TransplantOptions,
  context: Context,
  { input, manifest }: TransplantSource,
  against: string | undefined,
): Promise<NamedTarget> {
  const { askedTarget, targetInProfile } = await import('../transplant-target.js');
  const sourceArgv = single('source-argv', options.sourceArgv);
  const said = {
    sourceCpu: single('source-cpu', options.sourceCpu),
    sourceAccel: single('source-accel', options.sourceAccel),
    sourceArgv: sourceArgv === undefined ? undefined : showDash(sourceArgv),
  };
  const told = await toldCpu(said, manifest, (path) => open(context, path));
  if (against !== undefined) return targetInProfile(context, against, told);
  return askedTarget(context, {
    input,
    containers: containerChoices(options),
    told,
    trial: options.noTrial !== true,
    timeout: single('timeout', options.timeout),
  });
}

async function openStateSource(context: Context, state: string, choices?: ContainerChoices): Promise<Nest> {
  const nest = await context.openState(state, choices);
  context.defer(() => nest.inner.close());
  return nest;
}

async function open(context: Context, path: string): Promise<ByteSource> {
  const source = await context.host.openInput(path);
  context.defer(() => source.close());
  return source;
}

async function tell(
  options: TransplantOptions,
  context: Context,
  result: TransplantResult,
  planned: boolean,
  output: string | undefined,
): Promise<void> {
  const { host } = context;
  const toStderr = output !== undefined && showDash(output) === STDIO && !planned;
  const [place, theme] = toStderr ? [host.stderr, context.err] : [host.stdout, context.out];
  if (options.json === true)
    await place.write(
      `${toJson(transplantDocument(result.report, result.written && !planned, planned, host.version), 2)}\n`,
    );
  else if (options.quiet !== true) await place.write(transplantText(result.report, theme));
}
