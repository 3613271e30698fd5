// One captured multifd channel: its initial packet, then packet after packet. QEMU: multifd_recv_thread(),
// migration/multifd.c.

import { Cursor } from '../../bytes/cursor.js';
import type { ByteSource } from '../../bytes/source.js';
import { quote } from '../../base/quote.js';
import { MULTIFD_MAGIC, MULTIFD_VERSION, multifdInitial, type MultifdInitial } from '../../wire/multifd-initial.js';
import {
  MAX_MULTIFD_PAYLOAD,
  methodOf,
  MULTIFD_COMMON_SIZE,
  multifdDeviceHeader,
  multifdFlag,
  multifdPagesHeader,
  paddedName,
  type MultifdMethod,
  type MultifdPagesHeader,
} from '../../wire/multifd-packet.js';
import { hex } from '../../bytes/window.js';
import { MAX_FILL } from '../../limits.js';

/** What was seen of a channel. */
export interface ChannelFacts {
  readonly label: string;
  readonly id: number;
  packets: number;
  syncs: number;
  normalPages: number;
  zeroPages: number;
  /** Bytes of payload. */
  bytes: number;
  readonly methods: Set<MultifdMethod>;
  /** Packets of device state, by `IDSTR/INSTANCE`. */
  readonly devices: Map<string, { packets: number; bytes: number }>;
}

/** A packet of pages: its header, and where it stands in the channel. */
export interface ChannelPacket {
  readonly header: MultifdPagesHeader;
  readonly method: MultifdMethod;
  readonly sync: boolean;
  readonly offset: number;
}

/** Different devices that are told apart; more are counted together. */
const MAX_DEVICES = 256;

/** A channel, read forward. Errors name the channel in their path; offsets are those of the channel's own file. */
export class Channel {
  readonly facts: ChannelFacts;
  readonly initial: MultifdInitial;
  readonly cursor: Cursor;
  private readonly codec;
  private head: ChannelPacket | undefined;

  private constructor(cursor: Cursor, initial: MultifdInitial, pageSize: number) {
    this.cursor = cursor;
    this.initial = initial;
    this.codec = multifdPagesHeader(pageSize);
    this.facts = {
      label: cursor.source.label,
      id: initial.id,
      packets: 0,
      syncs: 0,
      normalPages: 0,
      zeroPages: 0,
      bytes: 0,
      methods: new Set(),
      devices: new Map(),
    };
  }

  /** @throws MigrationStreamError `not-a-stream`, `truncated`, `unsupported-version`, `io` */
  static async open(source: ByteSource, pageSize: number): Promise<Channel> {
    const cursor = new Cursor(source);
    cursor.enter(`channel ${quote(source.label)}`);
    await cursor.fill(multifdInitial.maxSize);
    const initial = multifdInitial.decode(cursor);
    if (initial.magic !== MULTIFD_MAGIC)
      throw cursor.fail('not-a-stream', `no multifd channel: it begins with ${hex(initial.magic)}`, { offset: 0 });
    if (initial.version !== MULTIFD_VERSION)
      throw cursor.fail('unsupported-version', `multifd version ${initial.version}`, { offset: 4 });
    cursor.leave(0);
    cursor.enter(`channel ${initial.id}`);
    return new Channel(cursor, initial, pageSize);
  }

  /** The next packet of pages, still to be taken; undefined at the end of the channel. Device state is counted. */
  async peek(): Promise<ChannelPacket | undefined> {
    while (this.head === undefined) {
      await this.cursor.fill(this.codec.maxSize);
      if (this.cursor.available === 0) return undefined;
      const offset = this.cursor.position;
      if (this.cursor.available < MULTIFD_COMMON_SIZE) throw this.cursor.truncated(MULTIFD_COMMON_SIZE);
      const { view, at } = this.cursor;
      const magic = view.getUint32(at);
      if (magic !== MULTIFD_MAGIC)
        throw this.cursor.fail('bad-payload', `packet magic ${hex(magic)}, not ${hex(MULTIFD_MAGIC)}`, { offset });
      if (view.getUint32(at + 4) !== MULTIFD_VERSION)
        throw this.cursor.fail('bad-payload', `packet version ${view.getUint32(at + 4)}`, { offset });
      const flags = view.getUint32(at + 8);
      this.facts.packets += 1;
      if ((flags & multifdFlag.deviceState) !== 0) await this.device(offset);
      else this.head = this.pages(offset);
    }
    return this.head;
  }

  /** The payload of the packet that `peek` gave, as a loan; empty without pages. */
  async take(): Promise<Uint8Array> {
    const { header } = this.head!;
    this.head = undefined;
    if (header.normalPages === 0) return new Uint8Array(0);
    const { cursor } = this;
    const length = header.nextPacketSize;
    if (length <= MAX_FILL) await cursor.fill(length);
    else if (cursor.available < length) await cursor.hold(length);
    if (cursor.available < length) throw cursor.truncated(length, 'multifd packet');
    return cursor.take(length);
  }

  private pages(offset: number): ChannelPacket {
    const { cursor, facts } = this;
    const header = this.codec.decode(cursor);
    const most = header.offsets.length / 8;
    if (header.normalPages + header.zeroPages > most)
      throw cursor.fail(
        'bad-payload',
        `packet of ${header.normalPages} and ${header.zeroPages} pages, at most ${most}`,
        {
          offset,
        },
      );
    const method = methodOf(header.flags);
    if (method === undefined)
      throw cursor.fail('bad-payload', `packet flags ${hex(header.flags)}: no known compression`, { offset });
    const sync = (header.flags & multifdFlag.sync) !== 0;
    if (header.normalPages > 0) {
      if (header.nextPacketSize > MAX_MULTIFD_PAYLOAD)
        throw cursor.fail('limit-exceeded', `packet payload of ${header.nextPacketSize} bytes`, { offset });
      facts.methods.add(method);
      facts.bytes += header.nextPacketSize;
    }
    facts.normalPages += header.normalPages;
    facts.zeroPages += header.zeroPages;
    if (sync) facts.syncs += 1;
    return { header, method, sync, offset };
  }

  private async device(offset: number): Promise<void> {
    const { cursor, facts } = this;
    const header = multifdDeviceHeader.decode(cursor);
    const idstr = paddedName(header.idstr);
    if (idstr === undefined) throw cursor.fail('bad-string', 'device state without the end of its idstr', { offset });
    if (header.nextPacketSize === 0) throw cursor.fail('bad-payload', 'empty packet of device state', { offset });
    const key = `${idstr}/${header.instanceId}`;
    const known = facts.devices.get(key) ?? { packets: 0, bytes: 0 };
    known.packets += 1;
    known.bytes += header.nextPacketSize;
    if (facts.devices.size < MAX_DEVICES) facts.devices.set(key, known);
    await cursor.skip(header.nextPacketSize);
  }
}
