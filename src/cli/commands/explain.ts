// `mstream explain`: QEMU's words in, what they mean out.

import { explain, type ExplainFacts } from '../../ops/explain/explain.js';
import { inspect, type Inspection } from '../../ops/inspect.js';
import { readSource } from '../../bytes/source.js';
import { showDash, STDIO } from '../args.js';
import { defineCommand, type Context } from '../command.js';
import { exitCode } from '../exit-code.js';
import { openState } from '../open-state.js';
import { flag, positionals, text, type Option } from '../option.js';
import { containerChoices, containerOptions, single, type ContainerOptions } from '../options.js';

const options = {
  text: { ...positionals("QEMU's words; - or nothing: from stdin"), demandOption: false } as Option<
    readonly string[] | undefined
  >,
  state: text('The stream that the error is about'),
  json: flag('One document (docs/schema/explain.json)'),
  ...containerOptions,
};

/** A log: what is more is cut off in front, since QEMU's last words are the ones. */
const MAX_LOG = 4 * 1024 * 1024;

export const explainCommand = defineCommand({
  options,
  examples: [
    { args: 'explain "RAM block mem0 should  be migrated"', text: 'What it means, and the cure' },
    { args: 'explain < qemu.log', text: 'Every message of a log that is known' },
    { args: 'explain --state vm/state "Missing section footer for ram"', text: 'And where in the stream' },
  ],
  async run(options, context) {
    const given = (options.text ?? []).map(showDash);
    const text =
      given.length === 0 || (given.length === 1 && given[0] === STDIO) ? await log(context) : given.join(' ');
    const state = single('state', options.state);
    const found = explain(text, state === undefined ? {} : await factsOf(context, state, text, options));
    if (options.json === true) {
      const { toJson } = await import('../../report/printable.js');
      const { explanationsDocument } = await import('../../report/explain/json.js');
      await context.host.stdout.write(`${toJson(explanationsDocument(found, context.host.version), 2)}\n`);
    } else if (found.length > 0) {
      const { explanationsText } = await import('../../report/explain/text.js');
      await context.host.stdout.write(explanationsText(found, context.out));
    }
    const unknown = found.some(({ id }) => id === 'not-known');
    if (found.length > 0) return unknown ? exitCode.findings : exitCode.clean;
    await context.host.stderr.write(
      "unknown: none of these words is a message of QEMU's that mstream knows; it knows what the migration code of QEMU 2.11 to 11.1 says while it loads a stream, and little of KVM and of boards\n",
    );
    return exitCode.findings;
  },
});

/** Standard input as text, one character a byte, its end when it is long. */
async function log(context: Context): Promise<string> {
  const source = await context.host.openInput(STDIO);
  try {
    let kept = Buffer.alloc(0);
    const buffer = new Uint8Array(64 * 1024);
    for (let at = 0; ;) {
      const got = await readSource(source, buffer, at);
      if (got === 0) break;
      at += got;
      kept = Buffer.concat([kept, buffer.subarray(0, got)]);
      if (kept.length > 2 * MAX_LOG) kept = kept.subarray(-MAX_LOG);
    }
    return kept.subarray(-MAX_LOG).toString('latin1');
  } finally {
    await source.close();
  }
}

/** What the state says of these words; devices are read only for words that name none. */
async function factsOf(
  context: Context,
  state: string,
  text: string,
  options: ContainerOptions,
): Promise<ExplainFacts> {
  const inspection = await inspected(context, state, options);
  if (showDash(state) === STDIO || !/Features 0x|Bad config data/.test(text)) return { inspection };
  const { devicesOf } = await import('../devices.js');
  const { fitting } = await import('../../ops/explain/fitting.js');
  const { devices } = await devicesOf(context, state, { containers: containerChoices(options) });
  return { inspection, fits: (match) => fitting(match, devices) };
}

async function inspected(context: Context, state: string, options: ContainerOptions): Promise<Inspection> {
  const { stream, progress } = await openState(context, state, {
    bodies: 'none',
    containers: containerChoices(options),
  });
  const inspection = await inspect(stream);
  progress.stop();
  // A damaged stream is what was asked about; a source that cannot be read is not.
  const { error, totals } = inspection;
  if (error?.code === 'io' || error?.code === 'not-a-stream' || (error !== undefined && totals.bytes === 0))
    throw error;
  return inspection;
}
