// Opening a stream: the tail is probed, the ports of the grammar are filled in, and events come out. The one place
// where stream, ram and vmstate meet.

import { Cursor, type CursorOptions } from '../bytes/cursor.js';
import { abortable } from '../bytes/abort.js';
import { memorySource, type ByteSource } from '../bytes/source.js';
import { disposable } from '../base/dispose.js';
import { unlessBroken } from '../base/errors.js';
import type { Span } from '../base/span.js';
import { RamReader } from '../ram/reader.js';
import type { StreamEvent } from '../stream/event.js';
import type { PayloadLengths } from '../stream/payload.js';
import { readEvents } from '../stream/reader.js';
import type { Bodies, ReaderOptions } from '../stream/reader-state.js';
import { findTail } from '../stream/tail.js';
import { DeviceEntries, parseSchema, targetPageSizeOf, vmsdSize, type DescriptionSchema } from '../vmstate/index.js';
import { layoutAliases, layouts, type BlockLayout, type LayoutName } from '../wire/dialect.js';
import { payloadWalkers } from './payload-walkers.js';

export interface OpenOptions extends CursorOptions {
  /** Layout of block list entries: a name of `layouts`, or '4.0' or '4.1'. Default: inferred. */
  readonly dialect?: string | undefined;
  /** Bytes, a power of two from 1 KiB to 64 KiB. Default: found out. */
  readonly targetPageSize?: number | undefined;
  /** Do sections end with footers? Default: found out. */
  readonly footers?: boolean | undefined;
  /**
   * Bytes between the place that mapped-ram offsets count from and the start of the stream. A reader of containers
   * gives it: the offset of the stream in a libvirt image or behind `file:PATH,offset=N`, 0 in a qcow2 snapshot, whose
   * offsets count from the stream itself. Default: inferred from the first header with pages.
   */
  readonly mappedBase?: number | undefined;
  /**
   * Which bytes the events carry. An event without its bytes cannot be written again. Default `all`.
   */
  readonly bodies?: Bodies | undefined;
}

export interface MigrationStream extends AsyncDisposable {
  readonly source: ByteSource;
  /**
   * The vmdescription that ends the file, before anything was read; undefined where there is none or the source cannot
   * be sought. In a file with two streams it belongs to the last: the event `vmdescription` has the stream's own.
   */
  readonly description: DescriptionSchema | undefined;
  /** Where that vmdescription begins. */
  readonly descriptionAt: number | undefined;
  /**
   * To be consumed once. Loans inside an event are valid until the next event is asked for. When the events end, are
   * left (`break`) or fail, no read of the source is in flight, except for a read of a pipe that was aborted.
   */
  events(): AsyncGenerator<StreamEvent>;
  /** The bytes of a span, as a loan, when they are in hand: those of the last event in nearly all cases. */
  raw(range: Span): Uint8Array | undefined;
  /** Bytes consumed so far. */
  readonly position: number;
  close(): Promise<void>;
}

/**
 * Opens a migration stream. Closing is the caller's, also after an error.
 * @throws MigrationStreamError code `io`; reading errors come from `events()`
 */
export async function openStream(input: ByteSource | Uint8Array, options: OpenOptions = {}): Promise<MigrationStream> {
  const source = input instanceof Uint8Array ? memorySource(input) : input;
  const tail = await findTail(abortable(source, options.signal), describe);
  const description = tail?.value;
  // A file that ends with no vmdescription may be a volume that is much longer than the stream.
  const cursor = new Cursor(source, { cautious: tail === undefined && source.seekable, ...options });
  const pageSize = options.targetPageSize ?? (description === undefined ? undefined : targetPageSizeOf(description));
  return disposable({
    source,
    description,
    descriptionAt: tail?.span.start,
    get position() {
      return cursor.position;
    },
    events: () =>
      drained(cursor, {
        port: { ram: new RamReader(), walkers: payloadWalkers, lengths: (json) => lengthsOf(describe(json)) },
        lengths: lengthsOf(description),
        targetPageSize:
          pageSize === undefined
            ? undefined
            : { value: pageSize, how: options.targetPageSize === undefined ? 'vmdescription' : 'option' },
        layout: options.dialect === undefined ? undefined : layoutOf(options.dialect),
        footers: options.footers,
        mappedBase: options.mappedBase,
        bodies: options.bodies ?? 'all',
      }),
    raw: (range: Span) => cursor.raw(range),
    close: () => cursor.close(),
  });
}

/** Reading ahead ends with the events, however they end: the caller may use or close the source right behind them. */
async function* drained(cursor: Cursor, options: ReaderOptions): AsyncGenerator<StreamEvent> {
  try {
    yield* readEvents(cursor, options);
  } finally {
    await cursor.drain();
  }
}

/** @throws TypeError for a name that is no layout */
export function layoutOf(name: string): BlockLayout {
  const found = layouts[(layoutAliases[name] ?? name) as LayoutName] as BlockLayout | undefined;
  if (found === undefined)
    throw new TypeError(
      `no dialect "${name}": one of ${[...Object.keys(layoutAliases), ...Object.keys(layouts)].join(', ')}`,
    );
  return found;
}

const describe = (json: Uint8Array): DescriptionSchema | undefined => unlessBroken(() => parseSchema(json));

function lengthsOf(description: DescriptionSchema | undefined): PayloadLengths | undefined {
  if (description === undefined) return undefined;
  const entries = new DeviceEntries(description);
  return {
    next: (section) => {
      const device = entries.next(section);
      return device === undefined ? undefined : vmsdSize(device.vmsd);
    },
  };
}
