// A main channel and its multifd channels as one plain stream: pages of the channels stand as page records in front of
// the record with which the main channel waits for them. QEMU: ram_save_setup(), ram_load_precopy(),
// multifd_recv_sync_main().

import { disposable } from '../base/dispose.js';
import { MigrationStreamError } from '../base/errors.js';
import { span } from '../base/span.js';
import { abortable } from '../bytes/abort.js';
import type { ByteSource } from '../bytes/source.js';
import { BlockTable } from '../ram/block-table.js';
import { ChannelMerge, type MergeFacts } from '../ram/channels/merge.js';
import type { FlushDecoders } from '../bytes/decompressor.js';
import { nameFirst } from '../ram/channels/packet-runs.js';
import type { PageRuns } from '../ram/page-runs.js';
import type { StreamEvent } from '../stream/event.js';
import type { MigrationStream } from './open-stream.js';

export interface JoinedStream extends MigrationStream {
  /** What the channels held; undefined until all events were read. */
  readonly merged: MergeFacts | undefined;
}

/**
 * `main` (opened with openStream) and the captures of its multifd channels, in any order. Writing the events gives a
 * plain stream. `signal` ends the reading of the channels; that of `main` is given to openStream. Without `decoders`
 * pages are counted only, and cannot be written. Closing closes all. The events throw MigrationStreamError: as those of
 * `main`, as a channel's packets, `truncated` for a channel that lacks a SYNC, `unknown-payload` for pages of another
 * compression, `cannot-encode` for device state that came over channels.
 */
export function joinChannels(
  main: MigrationStream,
  channels: readonly ByteSource[],
  decoders: FlushDecoders | undefined,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): JoinedStream {
  const sources = channels.map((channel) => abortable(channel, signal));
  const join = new Join(main, sources, decoders);
  return disposable<Omit<JoinedStream, keyof AsyncDisposable>>({
    source: main.source,
    description: main.description,
    descriptionAt: main.descriptionAt,
    get position() {
      return main.position;
    },
    get merged() {
      return join.merged;
    },
    events: () => join.events(),
    raw: () => undefined,
    async close() {
      await join.close();
      await main.close();
    },
  });
}

class Join {
  merged: MergeFacts | undefined;
  private readonly main: MigrationStream;
  private readonly sources: readonly ByteSource[];
  private readonly decoders: FlushDecoders | undefined;
  private readonly table = new BlockTable();
  private merge: ChannelMerge | undefined;
  /** How the main channel syncs: 8.1 has a record for it, older releases sync at each EOS. Known from START. */
  private flushes: boolean | undefined;
  /** The block of the record that was handed out last. */
  private current = -1;

  constructor(main: MigrationStream, sources: readonly ByteSource[], decoders: FlushDecoders | undefined) {
    this.main = main;
    this.sources = sources;
    this.decoders = decoders;
  }

  async *events(): AsyncGenerator<StreamEvent> {
    for await (const event of this.main.events()) {
      switch (event.kind) {
        case 'ram-blocks':
          if (event.layout.mapped)
            throw refused('a mapped-ram file has its pages in itself, and no packets in channels');
          if (!event.continues) this.table.clear();
          this.table.add(event.blocks);
          this.merge ??= await ChannelMerge.open(this.sources, event.targetPageSize, this.decoders);
          yield event;
          break;
        case 'pages':
          yield* this.pages(event);
          break;
        case 'ram-mark':
          yield* this.mark(event);
          break;
        default:
          yield event;
      }
    }
    this.merged = await this.merge?.finish();
    const devices = (this.merged?.channels ?? []).flatMap(({ devices: found }) => [...found.keys()]);
    if (devices.length > 0 && this.decoders !== undefined)
      throw refused(`device state of ${devices[0]} came over a channel, and a plain stream has no place for it`);
  }

  /** Pages of the main channel: the first may have to name its block now. */
  private *pages(event: Extract<StreamEvent, { kind: 'pages' }>): Generator<StreamEvent> {
    const { runs } = event;
    this.merge?.noteMain(runs);
    if (runs.count === 0) return;
    if (runs.named[0] === 0 && runs.block[0] !== this.current)
      yield { ...event, runs: nameFirst(runs), span: span(event.span.start, event.span.start) };
    this.current = runs.block[runs.count - 1]!;
    yield event;
  }

  private async *mark(event: Extract<StreamEvent, { kind: 'ram-mark' }>): AsyncGenerator<StreamEvent> {
    if (event.mark === 'multifd-flush') this.flushes ??= true;
    // Some other channel's record comes before every EOS; the first EOS tells what kind of stream this is.
    if (event.mark === 'eos') this.flushes ??= false;
    const waits = event.mark === (this.flushes === true ? 'multifd-flush' : 'eos');
    if (waits && this.merge !== undefined) {
      const here = span(event.span.start, event.span.start);
      for await (const runs of this.merge.epoch(this.table, this.current)) {
        this.current = lastBlock(runs);
        yield { kind: 'pages', runs, span: here };
      }
    }
    // A plain stream needs no sync, and QEMU up to 8.0 refuses the record.
    if (event.mark !== 'multifd-flush' || this.decoders === undefined) yield event;
  }

  async close(): Promise<void> {
    if (this.merge !== undefined) await this.merge.close();
    else for (const source of this.sources) await source.close();
  }
}

function lastBlock(runs: PageRuns): number {
  return runs.block[runs.count - 1]!;
}

function refused(message: string): MigrationStreamError {
  return new MigrationStreamError({ code: 'cannot-encode', message });
}
