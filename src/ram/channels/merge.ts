// The pages of several channels in one order. A sync of the main channel ends an epoch: every channel is read up to its
// own SYNC. Within an epoch packets go by their numbers; QEMU since 9.0 gives each number once, older releases repeat
// them. QEMU: multifd_recv_sync_main(), migration/multifd.c.

import { MigrationStreamError } from '../../base/errors.js';
import type { ByteSource } from '../../bytes/source.js';
import type { BlockTable } from '../block-table.js';
import { PageRuns } from '../page-runs.js';
import { Channel, type ChannelFacts, type ChannelPacket } from './channel.js';
import { EpochPages } from './epoch-pages.js';
import type { FlushDecoder, FlushDecoders } from '../../bytes/decompressor.js';
import { packetRuns } from './packet-runs.js';

/** What joining found. */
export interface MergeFacts {
  readonly channels: readonly ChannelFacts[];
  /** Syncs of the main channel. */
  readonly syncs: number;
  /** Pages that two channels brought between two syncs, in the order of packet numbers. */
  readonly ordered: number;
  /** The same where packet numbers repeat: which one is newer is not known. */
  readonly ambiguous: number;
  /** Pages behind the last sync: QEMU does not wait for them, so they are not in the joined stream. */
  readonly leftOver: number;
  /** False: too many pages to look for such pairs. */
  readonly complete: boolean;
}

/** The main channel among senders. */
const MAIN = 255;

export class ChannelMerge {
  private readonly channels: readonly Channel[];
  private readonly decoders: FlushDecoders | undefined;
  private readonly streams = new Map<Channel, FlushDecoder>();
  private readonly pages = new EpochPages();
  private readonly runs: PageRuns;
  private lastNumber = -1n;
  private numbered = true;
  private syncs = 0;
  private ordered = 0;
  private ambiguous = 0;
  private leftOver = 0;

  private constructor(channels: readonly Channel[], pageSize: number, decoders: FlushDecoders | undefined) {
    this.channels = channels;
    this.decoders = decoders;
    this.runs = new PageRuns(pageSize);
  }

  /**
   * `decoders` undefined: pages are counted, and their bytes are not looked at.
   * @throws MigrationStreamError as Channel.open; `bad-payload` for two channels of one id
   */
  static async open(
    sources: readonly ByteSource[],
    pageSize: number,
    decoders: FlushDecoders | undefined,
  ): Promise<ChannelMerge> {
    const channels: Channel[] = [];
    for (const source of sources) {
      const channel = await Channel.open(source, pageSize);
      if (channels.some(({ facts }) => facts.id === channel.facts.id))
        throw channel.cursor.fail('bad-payload', `two channels have the id ${channel.facts.id}`, { offset: 24 });
      channels.push(channel);
    }
    return new ChannelMerge(channels, pageSize, decoders);
  }

  /** Pages that the main channel itself brings in this epoch. */
  noteMain(runs: PageRuns): void {
    this.ambiguous += this.pages.add(runs, MAIN);
  }

  /**
   * The pages up to the next SYNC of every channel. `current`: the block of the record before. Runs are a loan.
   * @throws MigrationStreamError `truncated`: a channel ends before; as channels and decoders throw
   */
  async *epoch(table: BlockTable, current: number): AsyncGenerator<PageRuns> {
    this.syncs += 1;
    const open = new Set(this.channels);
    while (open.size > 0) {
      const next = await this.nextOf(open, true);
      const runs = await this.takeRuns(next!.channel, next!.packet, table, current);
      if (runs.count > 0) {
        current = runs.block[0]!;
        yield runs;
      }
      if (next!.packet.sync) open.delete(next!.channel);
    }
    this.pages.clear();
  }

  /** Reads what is behind the last sync. */
  async finish(): Promise<MergeFacts> {
    const open = new Set(this.channels);
    for (let next; (next = await this.nextOf(open, false)) !== undefined;) {
      this.leftOver += next.packet.header.normalPages + next.packet.header.zeroPages;
      await next.channel.take();
    }
    const { syncs, ordered, ambiguous, leftOver } = this;
    return {
      channels: this.channels.map(({ facts }) => facts),
      syncs,
      ordered,
      ambiguous,
      leftOver,
      complete: this.pages.complete,
    };
  }

  async close(): Promise<void> {
    for (const stream of this.streams.values()) stream.close();
    for (const channel of this.channels) await channel.cursor.close();
  }

  /** The packet with the lowest number among `open` channels. */
  private async nextOf(
    open: ReadonlySet<Channel>,
    demanded: boolean,
  ): Promise<{ channel: Channel; packet: ChannelPacket } | undefined> {
    let best: { channel: Channel; packet: ChannelPacket } | undefined;
    for (const channel of open) {
      const packet = await channel.peek();
      if (packet === undefined) {
        if (!demanded) continue;
        throw channel.cursor.truncated(1, `the SYNC number ${this.syncs}, which the main channel waits for,`);
      }
      if (best === undefined || packet.header.packetNum < best.packet.header.packetNum) best = { channel, packet };
    }
    return best;
  }

  private async takeRuns(
    channel: Channel,
    packet: ChannelPacket,
    table: BlockTable,
    current: number,
  ): Promise<PageRuns> {
    const { runs } = this;
    const number = packet.header.packetNum;
    if (number <= this.lastNumber) this.numbered = false;
    this.lastNumber = number;
    const payload = await channel.take();
    const bytes = this.decoders === undefined ? NOTHING : await this.plain(channel, packet, payload);
    packetRuns(channel, packet, bytes, table, runs, current);
    const twice = this.pages.add(runs, channel.facts.id + 1 > 254 ? 254 : channel.facts.id + 1);
    if (this.numbered) this.ordered += twice;
    else this.ambiguous += twice;
    return runs;
  }

  /** The pages of a packet, plain. */
  private async plain(channel: Channel, packet: ChannelPacket, payload: Uint8Array): Promise<Uint8Array> {
    const { header, method, offset } = packet;
    const length = header.normalPages * this.runs.pageSize;
    if (length === 0) return NOTHING;
    const fail = (code: 'bad-payload' | 'unknown-payload', message: string): MigrationStreamError =>
      channel.cursor.fail(code, message, { offset });
    if (method === 'none') {
      if (payload.length !== length)
        throw fail('bad-payload', `${payload.length} bytes for ${header.normalPages} pages`);
      return payload;
    }
    const make = method === 'zlib' || method === 'zstd' ? this.decoders![method] : undefined;
    if (make === undefined) throw fail('unknown-payload', `pages compressed with ${method} cannot be decoded here`);
    let stream = this.streams.get(channel);
    if (stream === undefined) this.streams.set(channel, (stream = make()));
    try {
      return await stream.decode(payload, length);
    } catch (error) {
      throw error instanceof MigrationStreamError ? fail('bad-payload', error.message) : error;
    }
  }
}

const NOTHING = new Uint8Array(0);
