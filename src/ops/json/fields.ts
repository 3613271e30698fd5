// Payloads of a document as fields instead of hex, where their layout is known. A file's own vmdescription is looked up
// at its end; of a pipe the device part is held back, up to MAX_HELD bytes, until it has come. RAM never is, and what
// does not come out again as the same bytes stays hex.

import { equalBytes, hexBytes, latin1Bytes } from '../../base/bytes.js';
import { MAX_HELD } from '../../limits.js';
import type { SectionHeader } from '../../wire/section.js';
import { fieldJson } from '../devices/field-json.js';
import { fieldRows } from '../devices/field-rows.js';
import { OwnLayouts, readSchema } from '../devices/own-layouts.js';
import { streamDevice, type Layouts } from '../devices/stream-device.js';
import type { MigrationStream } from '../../open/open-stream.js';
import { ownDescription } from '../../open/own-description.js';
import type { DocumentItem } from './document.js';
import { fieldBytes } from './field-bytes.js';

/** What an item costs beside its bytes. */
const ITEM_SIZE = 64;

type Payload = Extract<DocumentItem, { kind: 'payload'; bytes: string }>;

/** `items` of `stream` with their payloads decoded; `learned`: layouts for what the stream does not describe. */
export async function* withFields(
  items: AsyncIterable<DocumentItem>,
  stream: MigrationStream,
  learned: Layouts | undefined,
): AsyncGenerator<DocumentItem> {
  const { description: tail } = await ownDescription(stream.source);
  // A source that can be sought has told all it knows; with nothing to come there is nothing to wait for.
  const known = tail !== undefined || stream.source.seekable;
  const held = new Held(known ? new OwnLayouts(tail?.value ?? 'the stream has no vmdescription') : undefined, learned);
  for await (const item of items) yield* held.take(item);
  yield* held.release('the stream has no vmdescription');
}

class Held {
  private layouts: OwnLayouts | undefined;
  private readonly learned: Layouts | undefined;
  private section: SectionHeader | undefined;
  private readonly items: { readonly item: DocumentItem; readonly section: SectionHeader | undefined }[] = [];
  private size = 0;

  constructor(layouts: OwnLayouts | undefined, learned: Layouts | undefined) {
    this.layouts = layouts;
    this.learned = learned;
  }

  *take(item: DocumentItem): Generator<DocumentItem> {
    if (item.kind === 'section-open') this.section = item.type === 'full' ? item : undefined;
    const section = item.kind === 'payload' ? this.section : undefined;
    if (this.layouts !== undefined) {
      yield section === undefined ? item : this.decoded(item as Payload, section, this.layouts);
      return;
    }
    if (this.items.length === 0 && section === undefined) {
      yield item;
      return;
    }
    if (item.kind === 'vmdescription') {
      yield* this.release(latin1Bytes(item.text));
      yield item;
      return;
    }
    this.items.push({ item, section });
    this.size += ITEM_SIZE + (item.kind === 'payload' && 'bytes' in item ? item.bytes.length / 2 : 0);
    if (item.kind === 'pages' || item.kind === 'mapped-area' || this.size > MAX_HELD)
      yield* this.release('its vmdescription was too far away');
  }

  /** What was held back, by the description or without one. */
  *release(description: Uint8Array | string): Generator<DocumentItem> {
    this.layouts = new OwnLayouts(typeof description === 'string' ? description : readSchema(description));
    for (const { item, section } of this.items.splice(0))
      yield section === undefined ? item : this.decoded(item as Payload, section, this.layouts);
  }

  private decoded(item: Payload, section: SectionHeader, layouts: OwnLayouts): DocumentItem {
    const bytes = hexBytes(item.bytes);
    const whole = { start: 0, end: bytes.length };
    const { layout, state } = streamDevice(
      { section, span: whole, payload: whole, boundary: item.boundary ?? 'decoder', depth: 0, bytes },
      layouts.next(section),
      this.learned,
    );
    if (layout === 'none') return item;
    const fields = Array.from(fieldRows(state.root), (row) => fieldJson(state, row)).filter(
      (field) => field.bytes !== '',
    );
    const { kind, boundary } = item;
    return equalBytes(fieldBytes(fields, []), bytes)
      ? { kind, ...(boundary === undefined ? {} : { boundary }), fields }
      : item;
  }
}
