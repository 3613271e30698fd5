// Searches guest memory for bytes, in the order of addresses. Memory that follows on other memory is searched across
// the seam.

import { MigrationStreamError } from '../base/errors.js';
import { MAX_FIND_STEPS } from '../limits.js';
import type { GuestBlocks } from './guest-blocks.js';
import type { AddressSpace } from './paging/address-space.js';
import { VIRTUAL_END } from './paging/address-space.js';
import { within, type PhysicalRange } from './physical-map.js';

/** Offset of `pattern` in `bytes` from `from` on; -1: nowhere. */
export type Search = (bytes: Uint8Array, pattern: Uint8Array, from: number) => number;

const PIECE = 1024 * 1024;

/** A stretch of memory that stands at `address`; its bytes are those of a block. */
interface Stretch {
  readonly address: bigint;
  readonly length: number;
  readonly block: number;
  readonly offset: number;
}

/** Guest-physical addresses where `pattern` stands. @throws MigrationStreamError as GuestBlocks.read */
export function findPhysical(
  memory: GuestBlocks,
  ranges: readonly PhysicalRange[],
  pattern: Uint8Array,
  search: Search,
): AsyncGenerator<bigint> {
  async function* stretches(): AsyncGenerator<Stretch> {
    for (const { start, end, block, offset } of ranges)
      yield { address: BigInt(start), length: end - start, block, offset };
  }
  return find(memory, stretches(), pattern, search);
}

/**
 * Guest-virtual addresses from `start` to `end` where `pattern` stands.
 * @throws MigrationStreamError as GuestBlocks.read; `limit-exceeded`: more pages than MAX_FIND_STEPS
 */
export function findVirtual(
  memory: GuestBlocks,
  ranges: readonly PhysicalRange[],
  space: AddressSpace,
  { start, end }: { readonly start: bigint; readonly end: bigint },
  pattern: Uint8Array,
  search: Search,
): AsyncGenerator<bigint> {
  async function* stretches(): AsyncGenerator<Stretch> {
    let steps = 0;
    for (let at = start; at < end && at < VIRTUAL_END;) {
      if ((steps += 1) > MAX_FIND_STEPS)
        throw new MigrationStreamError({
          code: 'limit-exceeded',
          message: `more than ${MAX_FIND_STEPS} pages in the address space, of which a part can be searched`,
        });
      const { physical, room } = await space.translate(at);
      const length = room < end - at ? room : end - at;
      if (physical !== undefined)
        for (const part of within(ranges, physical, physical + Number(length)))
          yield { ...part, address: at + BigInt(part.start - physical), length: part.end - part.start };
      at += length;
    }
  }
  return find(memory, stretches(), pattern, search);
}

async function* find(
  memory: GuestBlocks,
  stretches: AsyncIterable<Stretch>,
  pattern: Uint8Array,
  search: Search,
): AsyncGenerator<bigint> {
  const keep = pattern.length - 1;
  const zeros = pattern.every((byte) => byte === 0);
  const buffer = new Uint8Array(keep + PIECE);
  /** Bytes at the start of the buffer that were searched, and the address behind them. */
  let carried = 0;
  let next = -1n;
  for await (const { address, length, block, offset } of stretches) {
    for (let done = 0; done < length;) {
      const at = address + BigInt(done);
      if (at !== next) carried = 0;
      let size = Math.min(PIECE, length - done);
      const known = zeros ? 0 : memory.zerosAt(block, offset + done, length - done);
      // The pattern may begin at the end of these zeros, or end in their first bytes.
      if (known > 2 * keep) {
        if (carried === 0 || keep === 0) {
          done += known - keep;
          carried = 0;
          next = -1n;
          continue;
        }
        size = keep;
      }
      await memory.read(block, offset + done, buffer.subarray(carried, carried + size));
      const bytes = buffer.subarray(0, carried + size);
      const base = at - BigInt(carried);
      for (let hit = search(bytes, pattern, 0); hit >= 0; hit = search(bytes, pattern, hit + 1))
        yield base + BigInt(hit);
      done += size;
      const jump = known > 2 * keep ? known - size - keep : 0;
      done += jump;
      carried = jump > 0 ? 0 : Math.min(keep, bytes.length);
      buffer.copyWithin(0, bytes.length - carried, bytes.length);
      next = at + BigInt(size + jump);
    }
  }
}

/** A search that every JavaScript runtime has. */
export const portableSearch: Search = (bytes, pattern, from) => {
  const first = pattern[0]!;
  const last = bytes.length - pattern.length;
  for (let at = bytes.indexOf(first, from); at >= 0 && at <= last; at = bytes.indexOf(first, at + 1)) {
    let i = 1;
    while (i < pattern.length && bytes[at + i] === pattern[i]) i += 1;
    if (i === pattern.length) return at;
  }
  return -1;
};
