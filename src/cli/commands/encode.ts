// `mstream encode X.json -o OUT`: the stream that a document describes.

import { basename, dirname, join } from 'node:path';
import type { ByteSink, ByteSource } from '../../bytes/source.js';
import { MAX_DOCUMENT } from '../../limits.js';
import { parseDocument } from '../../ops/json/check.js';
import type { DecodedDocument } from '../../ops/json/document.js';
import { encodeDocument } from '../../ops/json/encode.js';
import { showDash, STDIO } from '../args.js';
import type { Kept } from '../../container/container.js';
import { defineCommand, type Context } from '../command.js';
import { exitCode } from '../exit-code.js';
import { keepOptions, openKept } from '../keep-container.js';
import { flag, positional, text, type ValuesOf } from '../option.js';
import { containerChoices, containerOptions, single } from '../options.js';
import { readWhole } from '../read-whole.js';
import { refuseSameFiles } from '../same-files.js';
import { UsageError } from '../usage-error.js';

const options = {
  document: positional('A document of `mstream decode`: a file, or - for stdin'),
  output: text('The stream: a file, or - for stdout', 'o'),
  ram: text('The file with page records (by default the file that the document names, beside it)'),
  into: text('The file that was decoded: the output is its container (libvirt, qcow2 …) around the new stream'),
  force: flag('Replace a file'),
  ...keepOptions,
  ...containerOptions,
};
type EncodeOptions = ValuesOf<typeof options>;

export const encodeCommand = defineCommand({
  options,
  examples: [
    { args: 'encode state.json -o state', text: 'What `mstream decode` wrote, perhaps edited' },
    { args: 'encode vm.json --into vm.save -o new.save', text: 'Into a copy of the container that it came from' },
    { args: 'encode - -o - --ram state.ram', text: 'In a pipe, e.g. behind jq' },
  ],
  async run(options, context) {
    const { host } = context;
    const input = showDash(options.document);
    const wanted = single('output', options.output);
    if (wanted === undefined) throw new UsageError('where to?', '-o FILE, or -o - for stdout');
    const output = showDash(wanted);
    await refuseSameFiles(host, [input], [output]);
    const document = parseDocument(await readText(await host.openInput(input)));
    const ramPath = single('ram', options.ram) ?? besides(input, document);
    if (ramPath !== undefined) await refuseSameFiles(host, [ramPath], [output]);
    const ram = ramPath === undefined ? undefined : await host.openInput(ramPath);
    context.defer(() => ram?.close());
    const into = single('into', options.into);
    const { sink, shift } = await openInto(context, options, into, output, document);
    context.defer(() => sink.abort());
    let given = 0;
    const counted: ByteSink = { ...sink, write: (bytes) => ((given += bytes.length), sink.write(bytes)) };
    try {
      await encodeDocument(document, ram, counted, { shift });
      await sink.commit();
    } catch (error) {
      if (output === STDIO && given > 0)
        await host.stderr.write('what stdout was given so far is not a whole stream\n');
      throw error;
    }
    return exitCode.clean;
  },
});

/** The output: bare, or in the container of the file `into`. */
async function openInto(
  context: Context,
  options: EncodeOptions,
  into: string | undefined,
  output: string,
  document: DecodedDocument,
): Promise<Kept> {
  const force = options.force ?? false;
  if (into === undefined) return { sink: await context.host.openOutput(output, force), shift: 0 };
  const input = showDash(into);
  await refuseSameFiles(context.host, [input, ...(options.xml === undefined ? [] : [options.xml])], [output]);
  const nest = await context.openState(input, containerChoices(options));
  context.defer(() => nest.inner.close());
  const configuration = document.items.find((item) => item.kind === 'configuration');
  return openKept(context, { nest, output, force, options, machine: configuration?.machine });
}

/** The RAM file that a document names stands beside it, whatever the document says. */
function besides(input: string, document: DecodedDocument): string | undefined {
  if (document.ram === undefined) return undefined;
  if (document.ram !== basename(document.ram) || ['', '.', '..', STDIO].includes(document.ram)) {
    throw new UsageError(
      `the document names its RAM file ${JSON.stringify(document.ram)}, which is not beside it`,
      'give it with --ram FILE',
    );
  }
  return input === STDIO ? document.ram : join(dirname(input), document.ram);
}

async function readText(source: ByteSource): Promise<string> {
  try {
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(await readWhole(source, MAX_DOCUMENT, 'JSON'));
  } finally {
    await source.close();
  }
}
