// Where the result of a command goes: into the container that the input came in, or bare, or into a new image.

import { escapeText } from '../base/quote.js';
import type { ByteSink, ByteSource } from '../bytes/source.js';
import type { KeepContext, Kept, Layer } from '../container/container.js';
import type { LibvirtFacts } from '../container/libvirt/libvirt.js';
import type { Nest } from '../container/open.js';
import type { Qcow2Facts } from '../container/qcow2/qcow2.js';
import { MAX_DOMAIN_XML } from '../limits.js';
import { STDIO, showDash } from './args.js';
import type { Context } from './command.js';
import { flag, text, type ValuesOf } from './option.js';
import { single } from './options.js';
import { readWhole } from './read-whole.js';
import { nowhere, staged } from './staged.js';
import { UsageError } from './usage-error.js';

export const keepOptions = {
  bare: flag('Write the stream alone, without the container that it came in'),
  xml: text('libvirt: a file with the domain XML that stands instead of the old one'),
  pad: flag('Fill with zeros behind the stream, up to the size of the old file or volume'),
  freshImage: flag('qcow2: a new image with a blank disk instead of a copy of the old one'),
};
export type KeepOptions = ValuesOf<typeof keepOptions>;

export interface KeepWish {
  readonly nest: Pick<Nest, 'layers' | 'size'>;
  /** A path, or `-`. */
  readonly output: string;
  readonly force: boolean;
  readonly options: KeepOptions;
  /** Machine type of the result, where it is another one than before. */
  readonly machine?: string | undefined;
  /** The stream must stand alone in a file before it goes into its container: somebody will try it. */
  readonly stage?: boolean;
}

/**
 * The sink for the stream. It is aborted when the command ends without a commit.
 * @throws UsageError; MigrationStreamError `cannot-encode`, `unsupported`, `io`
 */
export async function openKept(context: Context, wish: KeepWish): Promise<Kept> {
  const { host } = context;
  const { options, output, nest } = wish;
  const layers = options.bare === true ? [] : wish.nest.layers;
  checkOptions(wish, layers);
  await say(context, wish, layers);
  const keep = await keepContext(context, wish, layers);
  const place = await host.openOutput(output, wish.force);
  context.defer(() => place.abort());
  const { keepContainers, padded } = await import('../container/keep.js');
  const outer = options.pad === true ? padded(place, nest.size!) : place;
  if (options.freshImage === true) {
    const finish = async (source: ByteSource): Promise<void> => {
      const { writeFreshImage } = await import('../container/qcow2/write-fresh.js');
      await writeFreshImage(source, outer, freshOf(layers));
      await outer.commit();
    };
    return { sink: await staged(context, output, 0, finish), shift: 0 };
  }
  if (layers.length === 0) return { sink: outer, shift: 0 };
  if (wish.stage !== true || output === STDIO) {
    const kept = await keepContainers(layers, outer, keep);
    context.defer(() => kept.sink.abort());
    return kept;
  }
  const shift = await shiftOf(layers, keep);
  const finish = async (source: ByteSource): Promise<void> => {
    const { sink } = await keepContainers(layers, outer, keep);
    context.defer(() => sink.abort());
    await copyAll(source, sink);
    await sink.commit();
  };
  return { sink: await staged(context, output, baseOf(layers) + shift, finish), shift };
}

/** @throws UsageError */
function checkOptions({ options, nest, output }: KeepWish, layers: readonly Layer[]): void {
  const has = (name: string): boolean => layers.some(({ facts }) => facts.container === name);
  if (options.bare === true && (options.xml !== undefined || options.freshImage === true))
    throw new UsageError('--bare leaves no container for --xml and --fresh-image');
  if (options.xml !== undefined && !has('libvirt')) throw new UsageError('--xml: the input is no libvirt save image');
  if (options.freshImage === true && !has('qcow2')) throw new UsageError('--fresh-image: the input is no qcow2 image');
  if (options.freshImage === true && output === STDIO)
    throw new UsageError('--fresh-image needs the size of the stream before it begins', '-o FILE');
  if (options.pad === true && nest.size === undefined) throw new UsageError('--pad: a pipe has no size');
}

/** What a user should know before the result is there. */
async function say({ host }: Context, { nest, options }: KeepWish, layers: readonly Layer[]): Promise<void> {
  const note = (text: string): Promise<void> => host.stderr.write(`note: ${escapeText(text)}\n`);
  const [outermost] = nest.layers;
  if (layers.length === 0 && outermost !== undefined)
    await note(`the input is ${outermost.facts.title}; the output is the bare stream that lies in it`);
  if (options.freshImage === true)
    await note('the new image holds the saved state and a blank disk: nothing of the old disk is in it');
  for (const { facts } of layers)
    for (const { code, message } of facts.notes) if (code === 'in-use') await note(message);
}

async function keepContext(
  context: Context,
  { options, machine }: KeepWish,
  layers: readonly Layer[],
): Promise<KeepContext> {
  const { host } = context;
  const path = single('xml', options.xml);
  const xml =
    path === undefined ? undefined : await readWhole(await host.openInput(showDash(path)), MAX_DOMAIN_XML, '--xml');
  const wanted = machine ?? machineIn(layers);
  const named = xml === undefined ? undefined : machineOf(xml);
  if (named !== undefined && wanted !== undefined && named !== wanted)
    await host.stderr.write(
      `note: the domain XML names machine type ${escapeText(named)}, the stream ${escapeText(wanted)}: libvirt starts a QEMU that refuses the stream, unless one is an alias of the other\n`,
    );
  return { compressors: host.containers.compressors, machine, xml };
}

function machineIn(layers: readonly Layer[]): string | undefined {
  const facts = layers.map((layer) => layer.facts).find(({ container }) => container === 'libvirt');
  return (facts as LibvirtFacts | undefined)?.machine ?? undefined;
}

function machineOf(xml: Uint8Array): string | undefined {
  return /<type\b[^>]{0,200}\bmachine=['"]([^'"]{1,200})['"]/.exec(new TextDecoder().decode(xml))?.[1];
}

function freshOf(layers: readonly Layer[]): { diskSize: number; tag: string } {
  const facts = layers.map((layer) => layer.facts).find(({ container }) => container === 'qcow2');
  const { diskSize, snapshotTag } = facts as Qcow2Facts;
  return { diskSize, tag: snapshotTag ?? 'state' };
}

/** How much further in the stream will begin: only a domain XML can move it. */
async function shiftOf(layers: readonly Layer[], keep: KeepContext): Promise<number> {
  let shift = 0;
  for (const layer of layers)
    if (layer.facts.container === 'libvirt') shift += (await layer.keep!(nowhere, keep)).shift;
  return shift;
}

/** Where the stream begins in the outermost file that its offsets count from. */
function baseOf(layers: readonly Layer[]): number {
  return layers.every(({ streamAt }) => streamAt !== undefined)
    ? layers.reduce((sum, { streamAt }) => sum + streamAt!, 0)
    : 0;
}

async function copyAll(source: ByteSource, sink: ByteSink): Promise<void> {
  const { copyRange } = await import('../container/keep.js');
  await copyRange(source, 0, source.size!, sink);
}
