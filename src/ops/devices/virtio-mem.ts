// Memory of virtio-mem devices: QEMU leaves the blocks out that are not plugged in, and the device's state says which
// those are. So an absent page is a hole only where its block is plugged in. QEMU:
// virtio_mem_for_each_unplugged_range(), vmstate_virtio_mem_device and vmstate_virtio_mem_device_early,
// hw/virtio/virtio-mem.c.

import type { PageIndex } from '../../ram/page-index.js';
import { findInDevice, type DeviceState } from '../../vmstate/index.js';

/** The last word of the idstr; since 8.1 the bitmap may stand in the section that is sent before guest memory. */
export const VIRTIO_MEM = /(?:^|\/)virtio-mem(?:-device)?(?:-early)?$/;

export interface PluggedMemory {
  /** What the idstr of the device's RAM block begins with: the path of the device. */
  readonly prefix: string;
  /** Size of the RAM block in bytes. */
  readonly regionSize: number;
  /** Size in bytes of what one bit stands for. */
  readonly blockSize: number;
  /** As it stands in the stream: big-endian words of 64 bits. */
  readonly bitmap: Uint8Array;
}

export interface PageRange {
  readonly first: number;
  readonly count: number;
}

/** Ranges of absent pages that are looked at; more are a damaged stream. */
const MAX_RANGES = 65_536;

/** What the virtio-mem devices among `states` say, where they say all of it. */
export function pluggedMemory(states: readonly DeviceState[]): PluggedMemory[] {
  const byPrefix = new Map<
    string,
    { region: number | undefined; block: number | undefined; bitmap: Uint8Array | undefined }
  >();
  for (const state of states) {
    const { name } = state.device;
    if (!VIRTIO_MEM.test(name)) continue;
    const prefix = name.slice(0, name.lastIndexOf('/') + 1);
    const known = byPrefix.get(prefix) ?? { region: undefined, block: undefined, bitmap: undefined };
    byPrefix.set(prefix, known);
    known.region ??= numberAt(state, '*tmp.region_size');
    known.block ??= numberAt(state, '*tmp.block_size');
    const [bitmap] = findInDevice(state, '*.bitmap').concat(findInDevice(state, 'bitmap'));
    if (bitmap !== undefined) known.bitmap ??= bitmap.bytes;
  }
  return [...byPrefix].flatMap(([prefix, { region, block, bitmap }]) =>
    region === undefined || block === undefined || block === 0 || bitmap === undefined
      ? []
      : [{ prefix, regionSize: region, blockSize: block, bitmap }],
  );
}

/** The device behind a RAM block, where one of `memory` is. */
export function deviceOf(
  memory: readonly PluggedMemory[],
  block: { readonly idstr: string; readonly usedLength: number },
): PluggedMemory | undefined {
  return memory.find(
    ({ prefix, regionSize }) =>
      block.usedLength === regionSize &&
      block.idstr.startsWith(prefix) &&
      !block.idstr.slice(prefix.length).includes('/'),
  );
}

/** Ranges of pages of a block that are plugged in and never came; undefined when no count was kept. */
export function pluggedHoles(
  { bitmap, blockSize }: PluggedMemory,
  index: PageIndex,
  block: number,
  pages: number,
  pageSize: number,
): readonly PageRange[] | undefined {
  const absent = index.absent(block, pages, MAX_RANGES);
  if (absent === undefined) return undefined;
  const perBlock = Math.max(1, blockSize / pageSize);
  const holes: { first: number; count: number }[] = [];
  for (const { first, count } of absent) {
    for (let page = first; page < first + count;) {
      const bit = Math.floor(page / perBlock);
      const end = Math.min(first + count, (bit + 1) * perBlock);
      if (isSet(bitmap, bit)) {
        const last = holes.at(-1);
        if (last !== undefined && last.first + last.count === page) last.count += end - page;
        else holes.push({ first: page, count: end - page });
      }
      page = end;
    }
  }
  return holes;
}

/** A bit beyond the bitmap counts as plugged in: nothing says that its memory may be absent. */
function isSet(bitmap: Uint8Array, bit: number): boolean {
  const byte = bitmap[Math.floor(bit / 64) * 8 + 7 - Math.floor((bit % 64) / 8)];
  return byte === undefined || ((byte >>> (bit % 8)) & 1) === 1;
}

function numberAt(state: DeviceState, path: string): number | undefined {
  const [node] = findInDevice(state, path);
  if (node === undefined || node.bytes.length !== 8) return undefined;
  const view = new DataView(node.bytes.buffer, node.bytes.byteOffset, 8);
  const value = Number(view.getBigUint64(0));
  return Number.isSafeInteger(value) ? value : undefined;
}
