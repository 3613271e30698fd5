// `mstream inspect`: options, and which report they ask for.

import type { MigrationStreamError } from '../../base/errors.js';
import type { ContainerFacts } from '../../container/container.js';
import { inspect, type Inspection } from '../../ops/inspect.js';
import type { JoinedStream } from '../../open/join-channels.js';
import type { MigrationStream } from '../../open/open-stream.js';
import { errorText } from '../../report/error.js';
import { defineCommand, type Context } from '../command.js';
import { schemaFromOption } from '../devices.js';
import { exitCode } from '../exit-code.js';
import { openState, type StateOptions } from '../open-state.js';
import { flag, optionalText, positional, text, type Option, type ValuesOf } from '../option.js';
import { openOptions, readingOptions, single, spanOption, STATE } from '../options.js';
import { UsageError } from '../usage-error.js';

const options = {
  // Not demanded of yargs: an option without its optional value may have taken it.
  state: { ...positional(STATE), demandOption: false } as Option<string | undefined>,
  sections: flag('Only the map of sections'),
  blocks: flag('Only the RAM block table'),
  pages: flag('Only page records, as runs, while they are read'),
  stale: flag('Read the places of zero pages in a mapped-ram file, and count those that hold old bytes'),
  channel: text('The capture of a multifd channel of this stream, or a folder of them; once for each') as Option<
    string | readonly string[] | undefined
  >,
  devices: optionalText('Only devices, field by field; with a name (* for anything): those') as Option<
    string | readonly string[] | undefined
  >,
  schema: flag('Only the fields of devices, without values and places, for diff'),
  hex: optionalText('Only a hexdump of START-END or START+LENGTH (hex); with --devices: the bytes of each field'),
  json: flag('One document (docs/schema/inspect.json, with --devices devices.json)'),
  jsonl: flag('Events, one a line, while they are read'),
  printXml: flag('Only the domain XML of a libvirt save image, secrets masked'),
  showSecrets: flag('With --print-xml: show passwords'),
  quiet: flag('Print only errors', 'q'),
  ...schemaFromOption,
  ...readingOptions,
};
type InspectOptions = ValuesOf<typeof options>;

export const inspectCommand = defineCommand({
  options,
  usage: '$0 inspect <state>\n\nShow what a stream contains, where it stands, and which QEMU wrote it',
  examples: [
    { args: 'inspect vm/state', text: 'What is this, and what is in it' },
    { args: 'inspect --blocks vm/state', text: 'Only the RAM blocks' },
    { args: 'inspect --hex 54a0+40 vm/state', text: 'Bytes, and what they belong to' },
    { args: 'inspect --devices vm/state', text: 'All devices, field by field' },
    { args: "inspect --devices '*/virtio-net' --hex vm/state", text: 'Some of them, with their bytes' },
    { args: 'inspect --schema vm/state', text: 'What fields they have, for diff' },
    { args: 'inspect --json vm/state | jq .producer', text: 'For programs' },
    { args: 'inspect chan0 --channel chan1 --channel chan2', text: 'A migration over multifd, as it was captured' },
    { args: 'inspect -', text: 'From a pipe, e.g. gunzip -c state.gz |' },
  ],
  async run(given, context) {
    const options = resolve(given);
    oneReport(options);
    const error = await report(options, context);
    if (error === undefined) return exitCode.clean;
    await context.host.stderr.write(errorText(error, context.err));
    return exitCode.input;
  },
});

interface Resolved extends InspectOptions {
  readonly state: string;
  /** Undefined: no devices are asked for. */
  readonly globs: readonly string[] | undefined;
  /** A span; empty: beside devices. */
  readonly hex: string | undefined;
}

/** `--devices` and `--hex` may stand without a value: what follows them then is the stream. */
function resolve(options: InspectOptions): Resolved {
  const devices = options.devices === undefined ? undefined : [options.devices].flat();
  let hex = single('hex', options.hex);
  let state = options.state;
  if (state === undefined && devices !== undefined) {
    if (hex !== undefined && hex !== '') [state, hex] = [hex, ''];
    else if ((devices.at(-1) ?? '') !== '') state = devices.pop();
  }
  if (state === undefined)
    throw new UsageError('mstream inspect <state>: an argument is missing', 'mstream inspect --help');
  if (hex === '' && devices === undefined)
    throw new UsageError(
      '--hex: of which bytes?',
      'START-END or START+LENGTH in hex, e.g. 54a0+60; without them it goes with --devices',
    );
  return { ...options, state, hex, globs: devices?.filter((glob) => glob !== '') };
}

/** `--sections` and `--blocks` go together, and what goes with `--devices`; everything else stands alone. */
function oneReport(options: Resolved): void {
  if (options.showSecrets === true && options.printXml !== true)
    throw new UsageError('--show-secrets goes with --print-xml');
  const tables = options.sections === true || options.blocks === true;
  const fields = options.globs !== undefined;
  const asked = [
    tables ? (options.sections === true ? '--sections' : '--blocks') : undefined,
    fields && options.schema !== true ? '--devices' : undefined,
    ...(['pages', 'schema', 'hex', 'json', 'jsonl', 'printXml', 'quiet'] as const).map((name) =>
      options[name] === undefined || options[name] === false
        ? undefined
        : name === 'printXml'
          ? '--print-xml'
          : `--${name}`,
    ),
  ].filter(
    (name) =>
      name !== undefined &&
      !(fields && options.schema !== true && (name === '--json' || (name === '--hex' && options.hex === ''))),
  );
  if (asked.length > 1)
    throw new UsageError(
      `${asked.join(' and ')} are different reports`,
      'one at a time; --json and --jsonl hold everything',
    );
}

async function report(options: Resolved, context: Context): Promise<MigrationStreamError | undefined> {
  const reading = openOptions(options);
  if (options.globs !== undefined || options.schema === true) {
    const { inspectDevices, inspectSchema } = await import('../inspect/devices.js');
    const { globs = [], json, hex, schemaFrom } = options;
    const wanted = { globs, schemaFrom, json: json === true, hex: hex !== undefined };
    return options.schema === true
      ? inspectSchema(context, options.state, reading, wanted)
      : inspectDevices(context, options.state, reading, wanted);
  }
  if (options.printXml === true) {
    await (await import('../inspect/print-xml.js')).printXml(context, options.state, reading.containers, options);
    return undefined;
  }
  const { hex } = options;
  if (options.jsonl === true)
    return (await import('../inspect/streaming.js')).inspectJsonl(context, options.state, reading);
  if (options.pages === true)
    return (await import('../inspect/streaming.js')).inspectPages(context, options.state, reading);
  if (hex !== undefined)
    return (await import('../inspect/streaming.js')).inspectHex(
      context,
      options.state,
      reading,
      spanOption('hex', hex),
    );
  const whole = await inspectWhole(options, context, reading);
  if (options.quiet !== true) await context.host.stdout.write(await render(whole, options, context));
  return whole.inspection.error;
}

interface Whole {
  readonly inspection: Inspection;
  /** Around the stream, outermost first. */
  readonly containers: readonly ContainerFacts[];
}

async function inspectWhole(
  { state, stale, channel }: Resolved,
  context: Context,
  reading: StateOptions,
): Promise<Whole> {
  const { stream, layers, progress } = await openState(context, state, {
    ...reading,
    bodies: 'none',
    reported: true,
  });
  const paths = channel === undefined ? [] : [channel].flat();
  const joined = paths.length === 0 ? undefined : await joinedWith(stream, state, paths, context);
  let inspection = await inspect(joined ?? stream);
  if (joined?.merged !== undefined) inspection = { ...inspection, channels: joined.merged };
  if (stale === true)
    inspection = await (await import('../../ops/stale-pages.js')).withStalePages(inspection, stream.source);
  progress.stop();
  const containers = layers.map((layer) => layer.facts);
  return inspection.error === undefined
    ? { inspection, containers }
    : { inspection: { ...inspection, error: await context.explain(inspection.error) }, containers };
}

/** The channels with `main`; they are closed when the command ends. Their pages are counted, not decoded. */
async function joinedWith(
  main: MigrationStream,
  state: string,
  paths: readonly string[],
  context: Context,
): Promise<JoinedStream> {
  const [{ joinChannels }, { openChannels }] = await Promise.all([
    import('../../open/join-channels.js'),
    import('../channels.js'),
  ]);
  return joinChannels(main, await openChannels(context, state, paths), undefined);
}

async function render({ inspection, containers }: Whole, options: Resolved, context: Context): Promise<string> {
  if (options.json === true) {
    const [{ inspectionJson }, { toJson }] = await Promise.all([
      import('../../report/inspect/json.js'),
      import('../../report/printable.js'),
    ]);
    return `${toJson(inspectionJson(inspection, context.host.version, containers), 2)}\n`;
  }
  // Where nothing was understood the error says it all.
  if (inspection.error !== undefined && inspection.totals.bytes === 0) return '';
  const all = options.sections !== true && options.blocks !== true;
  const { inspectionText } = await import('../../report/inspect/text.js');
  const parts = { summary: all, blocks: all || options.blocks === true, sections: all || options.sections === true };
  return inspectionText(inspection, parts, context.out, context.host.stdout.columns, containers);
}
