// A mapped-ram stream as a plain one: the list in one piece, the pages as records in the first PART or END behind the
// START, where QEMU puts the first ones. QEMU: ram_save_setup() and ram_save_iterate(), migration/ram.c.

import { Refused } from '../../base/refused.js';
import type { ByteSink, ByteSource } from '../../bytes/source.js';
import { span } from '../../base/span.js';
import { createWriter } from '../../open/create-writer.js';
import { openGuestMemory } from '../../open/guest-memory.js';
import { openStream, type OpenOptions } from '../../open/open-stream.js';
import type { Inflate } from '../../ram/page-decoder.js';
import type { StreamEvent } from '../../stream/event.js';
import { layouts } from '../../wire/dialect.js';
import { withMapped } from './capability.js';

export interface ToPlainOptions extends OpenOptions {
  /** zlib, for pages of the old `compress` capability. */
  readonly inflate?: Inflate | undefined;
}

/**
 * Writes `source`, a mapped-ram stream that can be sought, to `sink` as a plain one. Places of zero pages are not read.
 * Neither commits nor aborts the sink. Answers the bytes written.
 * @throws Refused: no mapped-ram stream; MigrationStreamError as openGuestMemory and the sink
 */
export async function toPlain(source: ByteSource, sink: ByteSink, options: ToPlainOptions): Promise<number> {
  const memory = await openGuestMemory(source, options);
  const stream = await openStream(source, { ...options, bodies: 'devices' });
  const writer = createWriter(sink);
  let list: Extract<StreamEvent, { kind: 'ram-blocks' }> | undefined;
  let written = false;
  let start = false;
  for await (const event of stream.events()) {
    switch (event.kind) {
      case 'configuration':
        await writer.write({ ...event, configuration: withMapped(event.configuration, false) });
        break;
      case 'ram-blocks':
        if (!event.layout.mapped) throw new Refused('refused', 'this is no mapped-ram stream');
        if (!event.continues) {
          list = event;
          const layout = event.layout.gpa ? layouts['ignore-shared-4.1'] : layouts.plain;
          await writer.write({ ...event, layout, blocks: memory.blocks.map(({ mapped: _, ...block }) => block) });
        }
        break;
      case 'mapped-area':
      case 'mapped-pages':
        break;
      case 'section-open':
        start = event.type === 'start';
        await writer.write(event);
        break;
      case 'ram-mark':
        if (list !== undefined && !start && !written) {
          written = true;
          for (const block of memory.blocks.keys())
            for await (const runs of memory.pages(block, true))
              await writer.write({ kind: 'pages', runs, span: NOWHERE });
        }
        await writer.write(event);
        break;
      default:
        await writer.write(event);
    }
  }
  await writer.flush();
  return writer.position;
}

const NOWHERE = span(0, 0);
