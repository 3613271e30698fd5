// The RAM section's records as a destination takes them: millions of pages by the fast loop, whatever that does not
// take by the rules of each version. QEMU: ram_load_precopy() and ram_block_from_stream(), migration/ram.c.

import { BlockTable } from '../../ram/block-table.js';
import { readPageRuns, type PageLoopState } from '../../ram/page-loop.js';
import { pageKind, PageRuns } from '../../ram/page-runs.js';
import { hasFact } from '../../release/fact.js';
import { records } from '../../release/records.js';
import { ramFlag } from '../../wire/ram-flags.js';
import { maxCompressedPage } from '../../limits.js';
import { postcopy, type Incoming } from '../outer/incoming.js';
import { loadBlockList, type LocalBlock } from './ram-blocks.js';
import type { QemuFile } from '../outer/qemu-file.js';
import { Refusal } from '../refusal.js';
import { isXbzrle } from '../../ram/xbzrle.js';

export const RAM_VERSION = 4;
/** mapped-ram refuses these. */
const UNMAPPED = ramFlag.hook | ramFlag.multifdFlush | ramFlag.page | ramFlag.xbzrle | ramFlag.zero;

export class RamLoader {
  private readonly incoming: Incoming;
  private readonly blocks = new Map<string, LocalBlock>();
  private readonly runs: PageRuns;
  private readonly state: PageLoopState = { table: new BlockTable(), current: -1 };
  private readonly pageSize: number;
  /** Of what comes with a block name in front. */
  private readonly blockFlags: number;
  private readonly refused: number;
  private readonly mapped: boolean;
  /** What the destination's release does: looked up once, since records are many. */
  private readonly compress: boolean;
  private readonly multifdFlush: boolean;
  private readonly zeroFillRefused: boolean;
  private readonly addressChecked: boolean;

  constructor(incoming: Incoming) {
    const { destination } = incoming;
    this.compress = hasFact(records['compressed-page'], destination.version) === true;
    this.multifdFlush = hasFact(records['multifd-flush'], destination.version) === true;
    this.zeroFillRefused = incoming.behaves('zero-fill-refused');
    this.addressChecked = incoming.behaves('address-checked');
    this.incoming = incoming;
    this.pageSize = 2 ** destination.pageBits;
    this.runs = new PageRuns(this.pageSize);
    this.mapped = incoming.on('mapped-ram');
    const compress = this.compress ? ramFlag.compressPage : 0;
    this.blockFlags = ramFlag.zero | ramFlag.page | ramFlag.xbzrle | compress;
    this.refused = (this.mapped ? UNMAPPED : 0) | (incoming.on('compress') ? 0 : compress);
    for (const facts of destination.blocks) this.blocks.set(facts.name, { facts, usedLength: facts.usedLength });
    this.fillTable();
  }

  /** What the fast loop may take: pages of blocks that are not ignored, inside of them. */
  private fillTable(): void {
    const { table } = this.state;
    const current = table.entries[this.state.current]?.idstr;
    table.clear();
    for (const { facts, usedLength } of this.blocks.values()) {
      if (!facts.ignored && facts.migratable) {
        table.add([{ idstr: facts.name, usedLength }]);
      }
    }
    this.state.current = current === undefined ? -1 : table.find(current);
  }

  /** One section's payload. @throws Refusal, Ending */
  async load(file: QemuFile, versionId: number): Promise<void> {
    if (versionId !== RAM_VERSION) throw this.incoming.silent(file, 'EINVAL', 'ram-version', { version: versionId });
    if (this.incoming.postcopyState >= postcopy.listening) throw this.incoming.ends(file, 'unknown', 'postcopy-part');
    for (;;) {
      if (!this.mapped) await this.pages(file);
      if (await this.record(file)) return;
    }
  }

  /** As many whole, plain records as there are. */
  private async pages(file: QemuFile): Promise<void> {
    const { cursor } = file;
    const { runs } = this;
    for (;;) {
      await file.want(8 + 256 + 4 + maxCompressedPage(this.pageSize));
      readPageRuns(cursor, this.state, runs);
      if (runs.count === 0) return;
      const odd = this.firstOdd();
      if (odd !== undefined) {
        // Back to where it begins: it is read again, slowly.
        this.state.current = runs.block[odd]!;
        cursor.at = runs.body[odd]! - runs.headSize(odd);
        return;
      }
    }
  }

  /** The first run that not every version takes. */
  private firstOdd(): number | undefined {
    const { runs } = this;
    for (let i = 0; i < runs.count; i += 1) {
      switch (runs.kind[i]!) {
        case pageKind.zero:
          if (runs.fill[i] !== 0 && this.zeroFillRefused) return i;
          break;
        case pageKind.compressed:
          return i;
        case pageKind.xbzrle:
          if (!isXbzrle(runs.bytes.subarray(runs.body[i]!, runs.body[i]! + runs.length[i]!), this.pageSize)) return i;
          break;
        default:
          break;
      }
    }
    return undefined;
  }

  /** One record of any kind; true: it was EOS. */
  private async record(file: QemuFile): Promise<boolean> {
    const { incoming, pageSize } = this;
    await file.want(8 + 256 + 4 + maxCompressedPage(pageSize));
    const word = file.u64();
    if (this.addressChecked && file.error !== undefined) throw incoming.refuse(file, 'ram-address-unreadable');
    const flags = Number(word & BigInt(pageSize - 1));
    const address = word & ~BigInt(pageSize - 1);
    const refused = flags & this.refused;
    if (refused !== 0) throw this.refusedFlags(file, refused);
    if ((flags & this.blockFlags) !== 0) this.block(file, flags, address);
    switch (flags & ~ramFlag.continue) {
      case ramFlag.memSize:
        await this.blockList(file, address);
        break;
      case ramFlag.zero: {
        const fill = file.u8();
        if (fill !== 0 && this.zeroFillRefused) throw incoming.refuse(file, 'zero-fill', { fill });
        break;
      }
      case ramFlag.page:
        file.take(pageSize);
        break;
      case ramFlag.compressPage:
        if (!this.compress) throw this.unknownFlags(file, flags);
        await this.compressed(file);
        break;
      case ramFlag.xbzrle:
        this.xbzrle(file, address);
        break;
      case ramFlag.multifdFlush:
        if (!this.multifdFlush) throw this.unknownFlags(file, flags);
        break;
      case ramFlag.eos:
        this.checkError(file);
        return true;
      default:
        if (!this.hook(file, flags)) throw this.unknownFlags(file, flags);
    }
    this.checkError(file);
    return false;
  }

  /** QEMU looks at the file's error here, and has no word for it. */
  private checkError(file: QemuFile): void {
    if (file.error === undefined) return;
    this.incoming.note(file, 'ram-address-unreadable');
    throw new Refusal(file.error);
  }

  private refusedFlags(file: QemuFile, refused: number): Refusal {
    const { incoming } = this;
    if (this.mapped) incoming.print(file, 'unexpected-flags', { flags: refused });
    if ((refused & ramFlag.compressPage) !== 0) incoming.print(file, 'unexpected-compressed');
    return new Refusal('EINVAL');
  }

  private unknownFlags(file: QemuFile, flags: number): Refusal {
    return this.incoming.refuse(file, 'unknown-flags', { flags });
  }

  /** RDMA's record. True: it was one, and passes. */
  private hook(file: QemuFile, flags: number): boolean {
    const { incoming } = this;
    if ((flags & ramFlag.hook) === 0) return false;
    if (incoming.behaves('hook-fails')) {
      incoming.note(file, 'unknown-flags', { flags });
      throw new Refusal('EINVAL');
    }
    return (flags & ~ramFlag.continue) === ramFlag.hook;
  }

  /** QEMU: ram_block_from_stream(), host_from_ram_block_offset(). */
  private block(file: QemuFile, flags: number, address: bigint): void {
    const { incoming, state } = this;
    let block: LocalBlock | undefined;
    if ((flags & ramFlag.continue) !== 0) {
      block = this.blocks.get(state.table.entries[state.current]?.idstr ?? '');
      if (block === undefined) incoming.print(file, 'no-block-named');
    } else {
      const { text: name } = file.counted();
      block = this.blocks.get(name);
      if (block === undefined) {
        if (!incoming.destination.blocksKnown) incoming.unknowns.add(`whether the destination has a RAM block ${name}`);
        incoming.print(file, 'unknown-block', { block: name });
      } else if (block.facts.ignored || !block.facts.migratable) {
        incoming.print(file, 'block-not-migrated', { block: name });
        block = undefined;
      } else {
        state.current = state.table.find(name);
      }
    }
    if (block === undefined || address >= BigInt(block.usedLength))
      throw incoming.refuse(file, 'illegal-offset', { address });
  }

  private async blockList(file: QemuFile, total: bigint): Promise<void> {
    await this.incoming.at('block list', () => loadBlockList(this.incoming, file, this.blocks, total));
    this.fillTable();
  }

  /**
   * With the capability on: another thread decompresses the page, and this one finds the error in the file. QEMU:
   * do_data_decompress(), migration/ram-compress.c.
   */
  private async compressed(file: QemuFile): Promise<void> {
    const { incoming } = this;
    const length = file.u32();
    if (length > maxCompressedPage(this.pageSize))
      throw incoming.refuse(file, 'compressed-length', { length: length | 0 });
    if (incoming.inflate === undefined) {
      incoming.unknowns.add('whether compressed pages can be decompressed: their zlib streams are not read');
      await file.pass(length);
      return;
    }
    await file.want(length);
    const plain = incoming.inflate(file.take(length), this.pageSize);
    if (plain === undefined && incoming.destination.decompressErrors) throw incoming.refuse(file, 'decompress-failed');
  }

  /** QEMU: load_xbzrle(). */
  private xbzrle(file: QemuFile, address: bigint): void {
    const { incoming, pageSize } = this;
    const encoding = file.u8();
    const length = file.u16();
    const fail = (id: 'xbzrle-encoding' | 'xbzrle-length' | 'xbzrle-decode'): Refusal => {
      incoming.print(file, id);
      return incoming.refuse(file, 'xbzrle-page', { address });
    };
    if (encoding !== 1) throw fail('xbzrle-encoding');
    if (length > pageSize) throw fail('xbzrle-length');
    if (!isXbzrle(file.take(length), pageSize)) throw fail('xbzrle-decode');
  }
}
