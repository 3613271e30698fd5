// The pages of one multifd packet as runs, for events. Bodies stand back to back, in the order of the header's offsets,
// which need not ascend. QEMU: multifd_recv_unfill_packet() and multifd_ram_unfill_packet(), migration/multifd*.c.

import { HIGH, HIGH_LIMIT } from '../../base/units.js';
import { quote } from '../../base/quote.js';
import { paddedName } from '../../wire/multifd-packet.js';
import { hex } from '../../bytes/window.js';
import type { BlockTable } from '../block-table.js';
import { pageKind, PageRuns } from '../page-runs.js';
import type { Channel, ChannelPacket } from './channel.js';

/**
 * Fills `runs` from `packet`, whose plain pages are `bytes` (empty: only counted). `current`: the block that the record
 * before named; the first record of another block names it. Answers the block, -1 without pages.
 * @throws MigrationStreamError `unknown-block`, `offset-out-of-block`
 */
export function packetRuns(
  channel: Channel,
  packet: ChannelPacket,
  bytes: Uint8Array,
  table: BlockTable,
  runs: PageRuns,
  current: number,
): number {
  const { header, offset } = packet;
  const { cursor } = channel;
  runs.count = 0;
  runs.bare = true;
  runs.blocks = table.entries;
  runs.bytes = bytes;
  runs.base = offset;
  const total = header.normalPages + header.zeroPages;
  if (total === 0) return -1;
  const idstr = paddedName(header.ramblock) ?? '';
  const block = table.find(idstr);
  if (block < 0) throw cursor.fail('unknown-block', `block ${quote(idstr)} is not in the block list`, { offset });
  const { usedLength } = table.entries[block]!;
  const { pageSize } = runs;
  const view = new DataView(header.offsets.buffer, header.offsets.byteOffset, header.offsets.length);
  for (let i = 0; i < total; i += 1) {
    const high = view.getUint32(i * 8);
    const addr = high * HIGH + view.getUint32(i * 8 + 4);
    if (high >= HIGH_LIMIT || addr > usedLength - pageSize || addr % pageSize !== 0)
      throw cursor.fail('offset-out-of-block', `page at ${hex(addr)} of ${quote(idstr)}, ${hex(usedLength)} bytes`, {
        offset,
      });
    const zero = i >= header.normalPages;
    const kind = zero ? pageKind.zero : pageKind.page;
    const last = runs.count - 1;
    if (
      last >= 0 &&
      runs.named[last] === 0 &&
      runs.kind[last] === kind &&
      runs.addr[last]! + runs.pages[last]! * pageSize === addr
    ) {
      runs.pages[last]! += 1;
      continue;
    }
    const at = runs.count;
    runs.count += 1;
    runs.kind[at] = kind;
    runs.named[at] = block === current ? 0 : 1;
    current = block;
    runs.block[at] = block;
    runs.fill[at] = 0;
    runs.addr[at] = addr;
    runs.pages[at] = 1;
    runs.body[at] = zero ? 0 : i * pageSize;
    runs.length[at] = zero ? 1 : pageSize;
  }
  return block;
}

/** The first page of `runs` under its block's name, and what is left of `runs`, changed in place. */
export function nameFirst(runs: PageRuns): PageRuns {
  const first = new PageRuns(runs.pageSize);
  first.blocks = runs.blocks;
  first.bytes = runs.bytes;
  first.base = runs.base;
  // A record that gets a name keeps its body where it is: `bare`, so that the body is found without its header.
  first.bare = true;
  first.count = 1;
  first.kind[0] = runs.kind[0]!;
  first.named[0] = 1;
  first.block[0] = runs.block[0]!;
  first.fill[0] = runs.fill[0]!;
  first.addr[0] = runs.addr[0]!;
  first.pages[0] = 1;
  first.body[0] = runs.body[0]!;
  first.length[0] = runs.length[0]!;
  runs.body[0]! += runs.stride(0);
  runs.addr[0]! += runs.pageSize;
  runs.pages[0]! -= 1;
  return first;
}
