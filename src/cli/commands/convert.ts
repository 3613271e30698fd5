// `mstream convert IN -o OUT --to KIND`: the same saved state in another container.

import { dirname } from 'node:path';
import { compressions, type Compression } from '../../bytes/decompressor.js';
import { inflate } from '../../bytes/node/inflate.js';
import type { ByteSink, ByteSource } from '../../bytes/source.js';
import { libvirtFormats, type LibvirtFormat } from '../../container/libvirt/header.js';
import { isMapped } from '../../ops/convert/is-mapped.js';
import { humanBytes } from '../../report/quantity.js';
import { toJson } from '../../report/printable.js';
import { showDash, STDIO } from '../args.js';
import { channelFiles } from '../channels.js';
import { defineCommand, type Context } from '../command.js';
import { libvirtHead } from '../convert-libvirt.js';
import { exitCode } from '../exit-code.js';
import { choice, flag, positional, text, texts, type ValuesOf } from '../option.js';
import { byteCount, containerChoices, readingOptions, single, STATE, streamOptions } from '../options.js';
import { startProgress } from '../progress.js';
import { refuseSameFiles } from '../same-files.js';
import { staged } from '../staged.js';
import { UsageError } from '../usage-error.js';

const kinds = ['plain', 'mapped-ram', 'libvirt', 'qcow2', ...compressions] as const;

const options = {
  state: positional(STATE),
  output: text('The output: a file, or - for stdout', 'o'),
  to: choice(kinds, 'What the output is'),
  format: choice(libvirtFormats, 'libvirt: how the stream is stored (raw)'),
  xml: text('libvirt: a file with the domain XML; default: that of the image that is read'),
  at: text('mapped-ram, plain: where in the output the stream begins, as in file:PATH,offset=N'),
  diskSize: text('qcow2: bytes of the blank disk; default: the disk’s in the image that is read, or 1G'),
  tag: text('qcow2: tag of the snapshot'),
  channel: texts('The capture of a multifd channel of this stream, or a folder of them; once for each'),
  strip: flag('Leave out passwords of the domain XML; old bytes of mapped-ram files are never copied'),
  force: flag('Replace a file'),
  json: flag('What was written, as one document'),
  quiet: flag('No summary', 'q'),
  ...readingOptions,
};
export type ConvertOptions = ValuesOf<typeof options>;

export const convertCommand = defineCommand({
  options,
  examples: [
    { args: 'convert vm.save -o state --to plain', text: 'The stream of a libvirt image, uncompressed' },
    { args: 'convert state -o state.mr --to mapped-ram', text: 'For fast, parallel loading with file:' },
    { args: 'convert state -o vm.save --to libvirt --xml vm.xml', text: 'For `virsh restore`' },
    {
      args: 'convert vm.save -o sparse.save --to libvirt --format sparse',
      text: '… as libvirt 11.2 and later save it',
    },
    { args: 'convert state -o vm.qcow2 --to qcow2 --tag s1', text: 'For `-loadvm s1`' },
    { args: 'convert chan0 --channel chan1 -o state --to plain', text: 'A capture of a multifd migration, joined' },
  ],
  async run(options, context) {
    const output = single('output', options.output);
    const { to } = options;
    if (output === undefined) throw new UsageError('where to?', '-o FILE, or -o - for stdout');
    if (to === undefined) throw new UsageError('to what?', `--to ${kinds.join('|')}`);
    checkOptions(options, to);
    const written = await convert(options, to, showDash(output), context);
    const { host } = context;
    // docs/schema/convert.json
    const document = { schemaVersion: 1, kind: 'mstream-convert', mstream: host.version, to, output, bytes: written };
    if (options.json === true) await (output === '-' ? host.stderr : host.stdout).write(`${toJson(document, 2)}\n`);
    else if (options.quiet !== true) await host.stderr.write(`wrote ${to}: a stream of ${humanBytes(written)}\n`);
    return exitCode.clean;
  },
});

/** @throws UsageError */
function checkOptions(options: ConvertOptions, to: (typeof kinds)[number]): void {
  const only = (name: string, given: unknown, kinds: readonly string[]): void => {
    if (given !== undefined && !kinds.includes(to))
      throw new UsageError(`--${name} goes with --to ${kinds.join(', ')}`);
  };
  only('format', options.format, ['libvirt']);
  only('xml', options.xml, ['libvirt']);
  only('at', options.at, ['plain', 'mapped-ram']);
  only('disk-size', options.diskSize, ['qcow2']);
  only('tag', options.tag, ['qcow2']);
}

async function convert(
  options: ConvertOptions,
  to: (typeof kinds)[number],
  output: string,
  context: Context,
): Promise<number> {
  const { host } = context;
  const input = showDash(options.state);
  const channels = await channelFiles(context, input, options.channel ?? []);
  const xml = single('xml', options.xml);
  await refuseSameFiles(host, [input, ...channels, ...(xml === undefined ? [] : [showDash(xml)])], [output]);
  const format: LibvirtFormat | undefined = to === 'libvirt' ? (options.format ?? 'raw') : undefined;
  const mapped = to === 'mapped-ram' || format === 'sparse';
  const choices = containerChoices(options);
  // Pages at places need a stream that can be read twice: a pipe, or compressed data, is kept beside the output
  // meanwhile.
  const spool = choices.spool ?? (mapped && output !== STDIO ? dirname(output) : undefined);
  const nest = await context.openState(input, { ...choices, spool });
  context.defer(() => nest.inner.close());
  const head = format === undefined ? undefined : await libvirtHead(context, nest, options, format);
  if (output === STDIO && to === 'qcow2')
    throw new UsageError('--to qcow2 needs the size of the stream before it begins', '-o FILE');
  const place = await host.openOutput(output, options.force ?? false);
  context.defer(() => place.abort());
  if (head !== undefined) await place.write(head);
  const at = options.at === undefined ? 0 : byteCount('at', single('at', options.at)!);
  if (at > 0) await place.skip(at);
  const packed = compressions.find((name) => name === (format ?? to));
  const sink =
    to === 'qcow2' ? await freshImage(context, options, nest, output, place) : await packedSink(packed, place, context);
  const progress = startProgress(host, context.progress, 'converting', nest.inner.size);
  context.defer(() => progress.stop());
  const reading = { ...streamOptions(options), inflate, onProgress: (position: number) => progress.update(position) };
  const base = head?.length ?? at;
  let written: number;
  if (channels.length === 0) written = await rearranged(nest.inner, sink, mapped, { ...reading, base });
  else {
    if (mapped && sink.patch === undefined)
      throw new UsageError('channels become mapped-ram in a file only', '-o FILE');
    const { writeJoined } = await import('../convert-channels.js');
    written = await writeJoined(context, nest.inner, input, channels, sink, reading, mapped ? base : undefined);
  }
  await sink.commit();
  return written;
}

type Reading = ReturnType<typeof streamOptions> & { inflate: typeof inflate; base: number };

/** The stream as it is wanted: pages in records or at places. */
async function rearranged(source: ByteSource, sink: ByteSink, mapped: boolean, reading: Reading): Promise<number> {
  if (mapped) return (await import('../../ops/convert/to-mapped.js')).toMapped(source, sink, reading);
  const { base: _, ...plain } = reading;
  if (source.seekable && (await isMapped(source, plain)))
    return (await import('../../ops/convert/to-plain.js')).toPlain(source, sink, plain);
  const { rewrite } = await import('../../ops/rewrite/rewrite.js');
  // The caller commits: the sink may be the inner one of several.
  return (await rewrite(source, { ...sink, commit: async () => {} }, [], plain)).bytesWritten;
}

async function packedSink(
  packed: Compression | undefined,
  place: ByteSink,
  { host, defer }: Context,
): Promise<ByteSink> {
  if (packed === undefined) return place;
  const compressor = host.containers.compressors[packed];
  if (compressor === undefined) throw new UsageError(`${packed} data cannot be compressed here`);
  const sink = await compressor(place);
  defer(() => sink.abort());
  return sink;
}

const DEFAULT_DISK = 1024 ** 3;

/** The stream is kept in a file until its size is known. */
async function freshImage(
  context: Context,
  options: ConvertOptions,
  nest: Awaited<ReturnType<Context['openState']>>,
  output: string,
  place: ByteSink,
): Promise<ByteSink> {
  const facts = nest.layers.map((layer) => layer.facts).find(({ container }) => container === 'qcow2');
  const { diskSize, snapshotTag } = (facts ?? {}) as { diskSize?: number; snapshotTag?: string | null };
  const wanted = single('disk-size', options.diskSize);
  const image = {
    diskSize: wanted === undefined ? (diskSize ?? DEFAULT_DISK) : byteCount('disk-size', wanted),
    tag: single('tag', options.tag) ?? snapshotTag ?? 'state',
  };
  await context.host.stderr.write('note: the image holds the saved state and a blank disk\n');
  return staged(context, output, 0, async (source) => {
    const { writeFreshImage } = await import('../../container/qcow2/write-fresh.js');
    await writeFreshImage(source, place, image);
    await place.commit();
  });
}
