// `mstream extract STATE -o FILE`: guest memory for debuggers and forensics.

import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { deflate } from '../../bytes/node/deflate.js';
import type { ByteSink } from '../../bytes/source.js';
import { addressedFormats, extract, type Extraction } from '../../ops/extract/extract.js';
import { blocksNamed, type Selection } from '../../ops/extract/plan.js';
import { writeBlock } from '../../ops/extract/raw.js';
import { requireBlocks, type Guest } from '../../ops/guest/guest.js';
import { extractText } from '../../report/extract.js';
import { showDash, STDIO } from '../args.js';
import { defineCommand, type Context } from '../command.js';
import { exitCode } from '../exit-code.js';
import { blockPath, commandGuest, guestFiles, guestOptions, mapEntries } from '../guest.js';
import { choice, flag, text, texts, type ValuesOf } from '../option.js';
import { single, spanOption } from '../options.js';
import { refuseSameFiles } from '../same-files.js';
import { UsageError } from '../usage-error.js';

const formats = [...addressedFormats, 'blocks'] as const;

const options = {
  output: text('The output: a file, - for stdout; a folder for blocks', 'o'),
  format: choice(formats, 'elf by default (docs/extract.md)'),
  range: text('START-END or START+LENGTH: only these guest-physical addresses, in hex'),
  block: texts('Only this RAM block; again for more'),
  force: flag('Replace files'),
  quiet: flag('No summary', 'q'),
  ...guestOptions,
};
type ExtractOptions = ValuesOf<typeof options>;

export const extractCommand = defineCommand({
  options,
  examples: [
    { args: 'extract state -o core', text: 'An ELF core: gdb, crash, drgn' },
    {
      args: 'extract state -o core --format kdump',
      text: 'Compressed, for crash and makedumpfile; flattened in a pipe',
    },
    { args: 'extract state -o memory --format raw', text: 'The offset is the address; holes take no disk space' },
    { args: 'extract state -o - --format lime | ssh host …', text: 'Into a pipe' },
    { args: 'extract state -o piece --format raw --range 7000+1000', text: 'One stretch, in hex' },
    { args: 'extract state -o ram --format blocks', text: 'A folder with a file for each RAM block' },
    { args: 'extract state -o core --memory mem0=vm/mem0.img', text: 'Memory that is beside the stream' },
  ],
  async run(options, context) {
    const output = single('output', options.output);
    if (output === undefined) throw new UsageError('where to?', '-o FILE, or -o - for stdout');
    const format = options.format ?? 'elf';
    const path = showDash(output);
    const range = single('range', options.range);
    if (format === 'blocks' && (range !== undefined || path === STDIO))
      throw new UsageError('--format blocks writes whole blocks into a folder');
    await refuseSameFiles(context.host, guestFiles(options, context.host.cwd), [path]);
    const selection: Selection = {
      range: range === undefined ? undefined : spanOption('range', range),
      blocks: options.block,
      map: mapEntries(options.memoryMap),
    };
    const { guest } = await commandGuest(options, context);
    let extraction: Extraction | undefined;
    if (format === 'blocks') await writeBlocks(guest, path, selection, options, context);
    else {
      const sink = await context.host.openOutput(path, options.force ?? false);
      context.defer(() => sink.abort());
      extraction = await extract(guest, sink, format, selection, deflate);
      await sink.commit();
    }
    const { host } = context;
    if (options.quiet !== true) await host.stderr.write(await extractText(guest, extraction));
    return exitCode.clean;
  },
});

/** All files appear, or none. */
async function writeBlocks(
  guest: Guest,
  folder: string,
  { blocks }: Selection,
  { force }: ExtractOptions,
  context: Context,
): Promise<void> {
  const chosen =
    blocks === undefined
      ? [...guest.memory.blocks.keys()].filter((block) => !guest.memory.isMissing(block))
      : blocksNamed(guest, blocks);
  requireBlocks(guest, chosen);
  await mkdir(resolve(context.host.cwd, folder), { recursive: true, mode: 0o700 });
  const sinks: ByteSink[] = [];
  for (const block of chosen) {
    const sink = await context.host.openOutput(blockPath(folder, guest.memory.blocks[block]!.idstr), force ?? false);
    context.defer(() => sink.abort());
    sinks.push(sink);
    await writeBlock(guest, block, sink);
  }
  for (const sink of sinks) await sink.commit();
}
