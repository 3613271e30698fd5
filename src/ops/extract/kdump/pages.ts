// The pages of a kdump file: which page frames have memory, their bitmaps, a descriptor for each, and their contents,
// compressed one by one. QEMU: write_dump_bitmap(), write_dump_pages(), dump/dump.c.

import { allZero } from '../../../base/bytes.js';
import { MigrationStreamError } from '../../../base/errors.js';
import type { Span } from '../../../base/span.js';
import { MAX_KDUMP_FRAMES } from '../../../limits.js';
import type { PhysicalRange } from '../../../memory/physical-map.js';
import type { PhysicalReader } from '../../../memory/physical-reader.js';
import type { KdumpOutput } from './output.js';

/** A complete zlib stream of `bytes`. The result is a loan until the next call. */
export type Deflate = (bytes: Uint8Array) => Uint8Array;

export const DESCRIPTOR = 24;
/** DUMP_DH_COMPRESSED_ZLIB */
export const COMPRESSED_ZLIB = 1;
const PIECE = 1024 * 1024;

/**
 * Page frames with memory, `start` to `end`, those included that memory fills in part.
 * @throws MigrationStreamError `limit-exceeded`: frames beyond MAX_KDUMP_FRAMES
 */
export function frames(ranges: readonly PhysicalRange[], pageSize: number): Span[] {
  const all: { start: number; end: number }[] = [];
  for (const range of ranges) {
    const [start, end] = [Math.floor(range.start / pageSize), Math.ceil(range.end / pageSize)];
    const last = all.at(-1);
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
    else all.push({ start, end });
    if (end > MAX_KDUMP_FRAMES)
      throw new MigrationStreamError({
        code: 'limit-exceeded',
        message: `memory up to page frame ${end}, and a kdump file counts ${MAX_KDUMP_FRAMES}`,
      });
  }
  return all;
}

/** Both bitmaps, which are the same: a bit for each frame. `length`: of one, in bytes, a multiple of the page size. */
export async function writeBitmaps(
  output: KdumpOutput,
  spans: readonly Span[],
  { at, length, pageSize }: { readonly at: number; readonly length: number; readonly pageSize: number },
): Promise<void> {
  const bits = pageSize * 8;
  const buffer = new Uint8Array(pageSize);
  const end = Math.floor((spans.at(-1)!.end - 1) / bits);
  let next = 0;
  for (let piece = 0; piece <= end; piece += 1) {
    buffer.fill(0);
    const [from, to] = [piece * bits, (piece + 1) * bits];
    while (next < spans.length && spans[next]!.end <= from) next += 1;
    for (let i = next; i < spans.length && spans[i]!.start < to; i += 1)
      setBits(buffer, Math.max(spans[i]!.start, from) - from, Math.min(spans[i]!.end, to) - from);
    await output.put(buffer, at + piece * pageSize);
    await output.put(buffer, at + length + piece * pageSize);
  }
}

function setBits(bytes: Uint8Array, from: number, to: number): void {
  for (let bit = from; bit < to;) {
    const whole = bit % 8 === 0 && to - bit >= 8;
    bytes[bit >> 3]! |= whole ? 0xff : 1 << (bit & 7);
    bit += whole ? 8 : 1;
  }
}

/** Bytes that are gathered until they are worth a write. QEMU: write_cache(). */
class Cache {
  private readonly output: KdumpOutput;
  private readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Bytes gathered. */
  size = 0;
  private at: number;

  constructor(output: KdumpOutput, at: number, pageSize: number) {
    this.output = output;
    this.at = at;
    // The flattened form has the records of QEMU; in a file nobody sees them.
    this.bytes = new Uint8Array(output.flat ? 4 * pageSize : Math.max(PIECE, pageSize));
    this.view = new DataView(this.bytes.buffer);
  }

  fits(length: number): boolean {
    return this.size + length <= this.bytes.length;
  }

  add(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.size);
    this.size += bytes.length;
  }

  async flush(): Promise<void> {
    if (this.size > 0) await this.output.put(this.bytes.subarray(0, this.size), this.at);
    this.at += this.size;
    this.size = 0;
  }
}

/**
 * Descriptors from offset `at` on, contents behind them. The first content is a page of zeros that all zero pages
 * share.
 * @throws MigrationStreamError as PhysicalReader.read and the sink
 */
export async function writePages(
  output: KdumpOutput,
  memory: PhysicalReader,
  spans: readonly Span[],
  { at, pageSize, little }: { readonly at: number; readonly pageSize: number; readonly little: boolean },
  deflate: Deflate | undefined,
): Promise<void> {
  const count = spans.reduce((sum, { start, end }) => sum + end - start, 0);
  const zeros = at + count * DESCRIPTOR;
  const descriptors = new Cache(output, at, pageSize);
  const contents = new Cache(output, zeros, pageSize);
  contents.add(new Uint8Array(pageSize));
  let position = zeros + pageSize;
  const describe = (offset: number, size: number, flags: number): void => {
    const { view, size: to } = descriptors;
    const high = Math.floor(offset / 2 ** 32);
    view.setUint32(to, little ? offset % 2 ** 32 : high, little);
    view.setUint32(to + 4, little ? high : offset % 2 ** 32, little);
    view.setUint32(to + 8, size, little);
    view.setUint32(to + 12, flags, little);
    view.setBigUint64(to + 16, 0n);
    descriptors.size += DESCRIPTOR;
  };
  const buffer = new Uint8Array(Math.max(PIECE, pageSize));
  const step = buffer.length / pageSize;
  for (const { start, end } of spans)
    for (let frame = start; frame < end; frame += step) {
      const bytes = buffer.subarray(0, Math.min(step, end - frame) * pageSize);
      await memory.read(frame * pageSize, bytes);
      for (let from = 0; from < bytes.length; from += pageSize) {
        const page = bytes.subarray(from, from + pageSize);
        const zero = allZero(page);
        const packed = zero ? undefined : deflate?.(page);
        const small = packed !== undefined && packed.length < pageSize;
        const content = small ? packed : page;
        if (!zero && !contents.fits(content.length)) await contents.flush();
        if (!zero) contents.add(content);
        if (!descriptors.fits(DESCRIPTOR)) await descriptors.flush();
        describe(zero ? zeros : position, zero ? pageSize : content.length, small ? COMPRESSED_ZLIB : 0);
        if (!zero) position += content.length;
      }
    }
  await descriptors.flush();
  await contents.flush();
}
