// `mstream rewrite IN -o OUT`: edits of a stream.

import { inflate } from '../../bytes/node/inflate.js';
import type { ByteSink } from '../../bytes/source.js';
import type { Edit } from '../../ops/rewrite/edit.js';
import { rewrite, type RewriteResult } from '../../ops/rewrite/rewrite.js';
import { toJson } from '../../report/printable.js';
import { differencesText, rewriteDocument } from '../../report/rewrite/differences.js';
import { showDash, STDIO } from '../args.js';
import { defineCommand, type Context } from '../command.js';
import { layoutsFrom, schemaFiles, schemaFromOption } from '../devices.js';
import { editOptions, editsFrom } from '../edit-options.js';
import { exitCode, type ExitCode } from '../exit-code.js';
import { refuseSameFiles } from '../same-files.js';
import { keepOptions, openKept } from '../keep-container.js';
import { flag, positional, text, type ValuesOf } from '../option.js';
import { containerChoices, readingOptions, single, STATE, streamOptions } from '../options.js';
import { nowhere } from '../staged.js';
import { progressOf } from '../progress.js';
import { UsageError } from '../usage-error.js';

const options = {
  state: positional(STATE),
  output: text('The output: a file, or - for stdout', 'o'),
  dryRun: flag('Print what would change, write nothing', 'explain'),
  force: flag('Replace files; write also what no QEMU would load'),
  json: flag('The changes as one document'),
  quiet: flag('No summary', 'q'),
  ...editOptions,
  ...schemaFromOption,
  ...keepOptions,
  ...readingOptions,
};
type RewriteOptions = ValuesOf<typeof options>;

export const rewriteCommand = defineCommand({
  options,
  examples: [
    { args: 'rewrite state -o new --to-dialect 4.1', text: 'A QEMU 4.0 template for 4.1 and later' },
    { args: 'rewrite state -o new --ignored mem0=no', text: '… for 4.0 itself, with share=off' },
    {
      args: 'rewrite save -o new --machine pc-i440fx-10.0 --drop-command SWITCHOVER_START',
      text: 'For another machine type',
    },
    { args: 'rewrite save -o state --externalize pc.ram=memory', text: 'A template out of a save' },
    { args: 'rewrite vm.save -o new.save --machine pc-i440fx-10.0', text: 'A libvirt image, its domain XML included' },
    { args: 'rewrite state --dry-run --rename-block pc.ram=mem0', text: 'What would change' },
    { args: 'rewrite - -o - --drop-vmdescription', text: 'In a pipe, e.g. inside exec:' },
  ],
  async run(options, context) {
    const planned = options.dryRun ?? false;
    const output = single('output', options.output);
    if (!planned && output === undefined) throw new UsageError('where to?', '-o FILE, -o - for stdout, or --dry-run');
    const force = options.force ?? false;
    const edits = await editsFrom(options, context, force);
    const result = await work(
      options,
      context,
      planned ? withoutFiles(edits) : edits,
      planned ? undefined : showDash(output!),
    );
    return tell(options, context, result, planned, output);
  },
});

async function work(
  options: RewriteOptions,
  context: Context,
  edits: readonly Edit[],
  output: string | undefined,
): Promise<RewriteResult> {
  const input = showDash(options.state);
  const files = (kind: 'inline' | 'externalize'): string[] =>
    edits.flatMap((edit) => (edit.edit === kind ? [edit.memory.label] : []));
  await refuseSameFiles(
    context.host,
    [input, ...schemaFiles(options), ...files('inline'), ...(options.xml === undefined ? [] : [options.xml])],
    output === undefined ? [] : [output, ...files('externalize')],
  );
  const layouts = await layoutsFrom(options, options.state, context);
  const nest = await context.openState(input, containerChoices(options));
  const { inner: source } = nest;
  context.defer(() => source.close());
  const machine = edits.find((edit) => edit.edit === 'machine')?.name;
  const force = options.force ?? false;
  const { sink: place, shift } =
    output === undefined
      ? { sink: nowhere, shift: 0 }
      : await openKept(context, { nest, output, force, options, machine });
  let given = 0;
  const sink: ByteSink = {
    ...place,
    write: (bytes) => {
      given += bytes.length;
      return place.write(bytes);
    },
  };
  context.defer(() => sink.abort());
  const progress = progressOf(context, 'rewriting', input, source);
  try {
    return await rewrite(source, sink, edits, {
      ...streamOptions(options),
      force,
      layouts,
      shift,
      inflate,
      onProgress: (position) => progress.update(position),
    });
  } catch (error) {
    if (output === STDIO && given > 0)
      await context.host.stderr.write('what stdout was given so far is not a whole stream\n');
    throw error;
  } finally {
    progress.stop();
  }
}

async function tell(
  options: RewriteOptions,
  context: Context,
  result: RewriteResult,
  planned: boolean,
  output: string | undefined,
): Promise<ExitCode> {
  // Where stdout carries the stream, talk goes to stderr; so does the summary of what was done.
  const toStderr = output !== undefined && showDash(output) === STDIO && !planned;
  const { host } = context;
  if (options.json === true)
    await (toStderr ? host.stderr : host.stdout).write(
      `${toJson(rewriteDocument(result, planned, host.version), 2)}\n`,
    );
  else if (planned) await host.stdout.write(differencesText(result, planned, context.out));
  else if (options.quiet !== true) await host.stderr.write(differencesText(result, planned, context.err));
  return exitCode.clean;
}

/** A plan writes nothing, memory files included. */
function withoutFiles(edits: readonly Edit[]): Edit[] {
  return edits.map((edit) =>
    edit.edit === 'externalize' ? { ...edit, memory: { ...noMemory, label: edit.memory.label } } : edit,
  );
}

const noMemory = {
  label: '',
  open: async () => {},
  write: async () => {},
  read: async (into: Uint8Array) => void into.fill(0),
  zero: async () => {},
  commit: async () => {},
  abort: async () => {},
};
