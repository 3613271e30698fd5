// Dirty bitmaps of disks, which every QEMU registers a handler for. What is wrong with one bitmap only costs that
// bitmap: QEMU says so and goes on. QEMU: dirty_bitmap_load(), migration/block-dirty-bitmap.c.

import { DIRTY_BITMAP_RESERVED, dirtyBitmapFlag as flag, MAX_DIRTY_BITMAP_DATA } from '../../wire/dirty-bitmap.js';
import type { Incoming } from './incoming.js';
import type { QemuFile } from './qemu-file.js';

const VERSION = 1;

/** What outlives a section. */
export class DirtyBitmapLoader {
  private readonly incoming: Incoming;
  /** After a complaint the rest is read and forgotten. */
  private cancelled = false;
  private node: string | undefined;
  private name: string | undefined;
  private readonly known = new Set<string>();

  constructor(incoming: Incoming) {
    this.incoming = incoming;
  }

  async load(file: QemuFile, versionId: number): Promise<void> {
    if (versionId !== VERSION) throw this.incoming.silent(file, 'EINVAL', 'bitmap-version', { version: versionId });
    for (;;) {
      await file.want(2 * 256 + 32);
      const flags = bitmapFlags(file);
      this.header(file, flags);
      if ((flags & flag.start) !== 0) this.start(file);
      else if ((flags & (flag.complete | flag.bits)) === flag.bits) await this.bits(file, flags);
      if (file.error !== undefined) throw this.incoming.silent(file, file.error, 'bitmap-cut');
      if ((flags & flag.eos) !== 0) return;
    }
  }

  private header(file: QemuFile, flags: number): void {
    const { incoming } = this;
    const nothing = (flags & ~flag.eos) === 0;
    if ((flags & flag.deviceName) !== 0) {
      const node = file.counted();
      if (node.short || node.length === 0) throw incoming.refuse(file, 'bitmap-node-unreadable');
      this.node = node.text;
      if (!this.cancelled && !incoming.destination.blockNodes.has(node.text)) {
        incoming.remark('bitmap-node', { node: node.text, name: node.text });
        this.node = undefined;
        this.cancelled = true;
      }
    } else if (this.node === undefined && !nothing && !this.cancelled) {
      this.complain();
    }
    if ((flags & flag.bitmapName) !== 0) {
      const name = file.counted();
      if (name.short || name.length === 0) throw incoming.refuse(file, 'bitmap-name-unreadable');
      this.name = name.text;
      if (!this.cancelled && (flags & flag.start) === 0 && !this.known.has(`${this.node ?? ''} ${name.text}`)) {
        incoming.remark('bitmap-unknown', { bitmap: name.text, node: this.node ?? '' });
        this.cancelled = true;
      }
    } else if (this.name === undefined && !nothing && !this.cancelled) {
      this.complain();
    }
  }

  private complain(): void {
    this.incoming.remark('bitmap-no-node');
    this.cancelled = true;
  }

  private start(file: QemuFile): void {
    const { incoming } = this;
    const granularity = file.u32();
    const flags = file.u8();
    if (this.cancelled) return;
    const key = `${this.node ?? ''} ${this.name ?? ''}`;
    if (this.known.has(key)) throw incoming.refuse(file, 'bitmap-exists', { bitmap: this.name ?? '' });
    // bdrv_create_dirty_bitmap() asserts it.
    if (granularity === 0 || (granularity & (granularity - 1)) !== 0)
      throw incoming.ends(file, 'aborts', 'bitmap-bad-granularity', { granularity });
    this.known.add(key);
    if ((flags & DIRTY_BITMAP_RESERVED) !== 0) throw incoming.refuse(file, 'bitmap-flags', { flags });
  }

  private async bits(file: QemuFile, flags: number): Promise<void> {
    const { incoming } = this;
    file.u64();
    file.u32();
    if ((flags & flag.zeroes) !== 0) return;
    const size = file.u64();
    if (size > BigInt(MAX_DIRTY_BITMAP_DATA)) throw incoming.refuse(file, 'bitmap-too-large');
    if ((await file.pass(Number(size))) === Number(size)) return;
    throw incoming.refuse(file, 'bitmap-bits-unreadable');
  }
}

/** Written in one, two or four bytes; the reader keeps eight bits, so the last byte counts. */
function bitmapFlags(file: QemuFile): number {
  const first = file.u8();
  if ((first & flag.extraFlags) === 0) return first;
  const second = file.u8();
  return (second & flag.extraFlags) === 0 ? second : file.u16() & 0xff;
}
