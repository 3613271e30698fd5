// `mstream inspect`: options, and which report they ask for. May import ops, report and its own folder.

import type { MigrationStreamError } from '../../base/errors.js';
import { inspect, type Inspection } from '../../ops/inspect.js';
import type { OpenOptions } from '../../ops/open-stream.js';
import { errorText } from '../../report/error.js';
import { defineCommand, type Context } from '../command.js';
import { exitCode } from '../exit-code.js';
import { openState } from '../open-state.js';
import { openOptions, readingOptions, single, spanOption, type ReadingOptions } from '../options.js';
import { UsageError } from '../usage-error.js';

interface InspectOptions extends ReadingOptions {
  readonly state: string;
  readonly sections?: boolean | undefined;
  readonly blocks?: boolean | undefined;
  readonly pages?: boolean | undefined;
  readonly hex?: string | undefined;
  readonly json?: boolean | undefined;
  readonly jsonl?: boolean | undefined;
  readonly quiet?: boolean | undefined;
}

export const inspectCommand = defineCommand<InspectOptions>({
  examples: [
    { args: 'inspect vm/state', text: 'What is this, and what is in it' },
    { args: 'inspect --blocks vm/state', text: 'Only the RAM blocks' },
    { args: 'inspect --hex 54a0+40 vm/state', text: 'Bytes, and what they belong to' },
    { args: 'inspect --json vm/state | jq .producer', text: 'For programs' },
    { args: 'inspect -', text: 'From a pipe, e.g. gunzip -c state.gz |' },
  ],
  build: (yargs) =>
    readingOptions(
      yargs
        .positional('state', { describe: 'A migration stream: a file, or - for stdin', type: 'string', demandOption: true })
        .option('sections', { describe: 'Only the map of sections', type: 'boolean' })
        .option('blocks', { describe: 'Only the RAM block table', type: 'boolean' })
        .option('pages', { describe: 'Only page records, as runs, while they are read', type: 'boolean' })
        .option('hex', { describe: 'Only a hexdump of START-END or START+LENGTH (hex)', type: 'string', requiresArg: true })
        .option('json', { describe: 'One document (docs/schema/inspect.json)', type: 'boolean' })
        .option('jsonl', { describe: 'Events, one a line, while they are read', type: 'boolean' })
        .option('quiet', { alias: 'q', describe: 'Nothing but errors: is the stream whole?', type: 'boolean' }),
    ),
  async run(options, context) {
    oneReport(options);
    const error = await report(options, context);
    if (error === undefined) return exitCode.clean;
    await context.host.stderr.write(errorText(error, context.err));
    return exitCode.input;
  },
});

/** `--sections` and `--blocks` go together, everything else stands alone. */
function oneReport(options: InspectOptions): void {
  const tables = options.sections === true || options.blocks === true;
  const asked = [
    tables ? (options.sections === true ? '--sections' : '--blocks') : undefined,
    ...(['pages', 'hex', 'json', 'jsonl', 'quiet'] as const).map((name) => (options[name] === undefined || options[name] === false ? undefined : `--${name}`)),
  ].filter((name) => name !== undefined);
  if (asked.length > 1) throw new UsageError(`${asked.join(' and ')} are different reports`, 'one at a time; --json and --jsonl hold everything');
}

async function report(options: InspectOptions, context: Context): Promise<MigrationStreamError | undefined> {
  const reading = openOptions(options);
  const hex = single('hex', options.hex);
  if (options.jsonl === true) return (await import('../inspect/streaming.js')).inspectJsonl(context, options.state, reading);
  if (options.pages === true) return (await import('../inspect/streaming.js')).inspectPages(context, options.state, reading);
  if (hex !== undefined) return (await import('../inspect/streaming.js')).inspectHex(context, options.state, reading, spanOption('hex', hex));
  const inspection = await inspectWhole(options.state, context, reading);
  if (options.quiet !== true) await context.host.stdout.write(await render(inspection, options, context));
  return inspection.error;
}

async function inspectWhole(state: string, context: Context, reading: OpenOptions): Promise<Inspection> {
  const { stream, progress } = await openState(context, state, { ...reading, bodies: false });
  const inspection = await inspect(stream);
  progress.stop();
  return inspection.error === undefined ? inspection : { ...inspection, error: await context.explain(inspection.error) };
}

async function render(inspection: Inspection, options: InspectOptions, context: Context): Promise<string> {
  if (options.json === true) {
    const [{ inspectionJson }, { toJson }] = await Promise.all([import('../../report/inspect/json.js'), import('../../report/printable.js')]);
    return `${toJson(inspectionJson(inspection, context.host.version), 2)}\n`;
  }
  // Where nothing was understood the error says it all.
  if (inspection.error !== undefined && inspection.totals.bytes === 0) return '';
  const all = options.sections !== true && options.blocks !== true;
  const { inspectionText } = await import('../../report/inspect/text.js');
  const parts = { summary: all, blocks: all || options.blocks === true, sections: all || options.sections === true };
  return inspectionText(inspection, parts, context.out, context.host.stdout.columns);
}
