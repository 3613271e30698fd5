// The block list, entry by entry, in the order of each version: what is read, what is compared, and whether the entry
// is read on after the first complaint. QEMU: ram_load_precopy() up to 8.1, parse_ramblocks() since, migration/ram.c.

import { MAPPED_RAM_HEADER_SIZE } from '../../wire/mapped-ram.js';
import type { DestinationBlock } from '../destination.js';
import { postcopy, type Incoming } from '../outer/incoming.js';
import { loadMappedBlock } from './ram-mapped.js';
import type { QemuFile } from '../outer/qemu-file.js';
import type { Refusal } from '../refusal.js';

const WRAP = (1n << 64n) - 1n;
const LONGEST_ENTRY = 256 + 8 + 8 + 8 + 1 + MAPPED_RAM_HEADER_SIZE;

/** A block while it is loaded: resizable ones change their length. */
export interface LocalBlock {
  readonly facts: DestinationBlock;
  usedLength: number;
}

export type LocalBlocks = ReadonlyMap<string, LocalBlock>;

export async function loadBlockList(
  incoming: Incoming,
  file: QemuFile,
  blocks: LocalBlocks,
  total: bigint,
): Promise<void> {
  let left = total;
  while (left !== 0n) {
    await file.want(LONGEST_ENTRY);
    const { text: name } = file.counted();
    const length = file.u64();
    incoming.path.push(`block "${name}"`);
    const block = blocks.get(name);
    if (block === undefined) {
      if (!incoming.destination.blocksKnown) incoming.unknowns.add(`whether the destination has a RAM block ${name}`);
      throw incoming.refuse(file, 'unknown-ramblock', { block: name });
    }
    await loadEntry(incoming, file, block, length);
    incoming.path.pop();
    left = (left - length) & WRAP;
  }
}

/** What went wrong first with an entry; up to 8.1 the rest of it is read all the same. */
class Complaints {
  private first: Refusal | undefined;
  private readonly goesOn: boolean;

  constructor(goesOn: boolean) {
    this.goesOn = goesOn;
  }

  add(refusal: Refusal | undefined): void {
    if (refusal === undefined) return;
    if (!this.goesOn) throw refusal;
    this.first ??= refusal;
  }

  settle(): void {
    if (this.first !== undefined) throw this.first;
  }
}

async function loadEntry(incoming: Incoming, file: QemuFile, block: LocalBlock, length: bigint): Promise<void> {
  const { destination } = incoming;
  const addressFirst = incoming.behaves('address-first');
  const { facts } = block;
  const mapped = incoming.on('mapped-ram');
  const shared = incoming.on('x-ignore-shared');
  if (addressFirst && shared) {
    const refusal = compareAddress(incoming, file, block);
    if (refusal !== undefined) throw refusal;
  }
  if (mapped) {
    await loadMappedBlock(incoming, file, facts, length);
    return;
  }
  if (!facts.migratable) throw incoming.refuse(file, 'block-not-migrated', { block: facts.name });
  const complaints = new Complaints(incoming.behaves('entry-goes-on'));
  complaints.add(resize(incoming, file, block, length));
  const advised = incoming.postcopyState === postcopy.advise;
  if (
    advised &&
    (incoming.behaves('page-sizes-by-advise') || incoming.on('postcopy-ram')) &&
    facts.pageSize !== destination.hostPageSize
  ) {
    const sent = file.u64();
    if (sent !== BigInt(facts.pageSize)) {
      complaints.add(
        incoming.refuse(file, 'block-page-size', {
          block: facts.name,
          local: facts.pageSize,
          received: BigInt.asIntN(64, sent),
        }),
      );
    }
  }
  if (shared && !addressFirst) {
    if (incoming.behaves('ignored-byte')) ignoredByte(incoming, file, block, complaints);
    else complaints.add(compareAddress(incoming, file, block));
  }
  complaints.settle();
}

/** 4.0: the address, then whether the sender left the block out. */
function ignoredByte(incoming: Incoming, file: QemuFile, block: LocalBlock, complaints: Complaints): void {
  const gpa = file.u64();
  const ignored = file.u8() !== 0;
  const { facts } = block;
  if (ignored !== facts.ignored)
    complaints.add(incoming.refuse(file, 'block-ignored', { block: facts.name, not: ignored ? '' : 'not' }));
  complaints.add(differs(incoming, file, facts, gpa));
}

function compareAddress(incoming: Incoming, file: QemuFile, { facts }: LocalBlock): Refusal | undefined {
  return differs(incoming, file, facts, file.u64());
}

/** The address matters only to a block whose pages do not come. */
function differs(incoming: Incoming, file: QemuFile, facts: DestinationBlock, gpa: bigint): Refusal | undefined {
  if (!facts.ignored) return undefined;
  if (facts.gpa === undefined) {
    incoming.unknowns.add(`the address of block ${facts.name} at the destination, which the stream's is compared with`);
    return undefined;
  }
  if (gpa === facts.gpa) return undefined;
  return incoming.refuse(file, 'block-gpa', {
    block: facts.name,
    received: BigInt.asIntN(64, gpa),
    local: BigInt.asIntN(64, facts.gpa),
  });
}

/** QEMU: qemu_ram_resize(), softmmu/physmem.c: the length is rounded up to the host's pages first. */
function resize(incoming: Incoming, file: QemuFile, block: LocalBlock, length: bigint): Refusal | undefined {
  const { facts } = block;
  const page = BigInt(incoming.destination.hostPageSize);
  const rounded = (length + page - 1n) & ~(page - 1n) & WRAP;
  const used = BigInt(block.usedLength);
  if (rounded === used) return undefined;
  if (facts.resizable === undefined)
    incoming.unknowns.add(`whether block ${facts.name} of the destination may be resized`);
  if (facts.resizable !== true)
    return incoming.refuse(file, 'size-mismatch', { block: facts.name, received: rounded, local: used });
  if (facts.maxLength === undefined) {
    incoming.unknowns.add(`how large block ${facts.name} of the destination may become`);
  } else if (rounded > BigInt(facts.maxLength)) {
    return incoming.refuse(file, 'size-too-large', { block: facts.name, received: rounded, maximum: facts.maxLength });
  }
  // fw_cfg is told of the length as it came, and asserts that it is a 32-bit one. QEMU: fw_cfg_modify_bytes_read(),
  // hw/nvram/fw_cfg.c.
  if (length >= 0xffff_ffffn && facts.name.startsWith('/rom@') && incoming.behaves('rom-size-asserted')) {
    throw incoming.ends(file, 'aborts', 'huge-rom', { block: facts.name, received: length.toString(16) });
  }
  block.usedLength = Number(rounded);
  return undefined;
}
