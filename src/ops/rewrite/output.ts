// The writing end of a rewrite and of encode: what a record says about the bytes around it is kept true. A PACKAGED
// command counts the bytes of its blob; a mapped-ram header says where in the file bitmap and pages stand; zeros of a
// mapped-ram area stay holes.

import { Refused } from '../../base/refused.js';
import { writeWithHoles } from '../../bytes/holes.js';
import { memorySink, type ByteSink } from '../../bytes/source.js';
import { quote } from '../../base/quote.js';
import { hex } from '../../bytes/window.js';
import type { StreamEvent } from '../../stream/event.js';
import { migCommand } from '../../wire/command.js';
import { MAPPED_RAM_ALIGNMENT, mappedBitmapSize } from '../../wire/mapped-ram.js';
import { be32, encodeBytes } from '../../wire/kit/codec.js';
import { ramBlockEntry } from '../../wire/ram-block.js';
import { createWriter, type StreamWriter } from '../../open/create-writer.js';

type ListEvent = Extract<StreamEvent, { kind: 'ram-blocks' }>;
type CommandEvent = Extract<StreamEvent, { kind: 'command' }>;

/** A blob that is gathered until its length is known. */
interface Blob {
  readonly command: CommandEvent;
  readonly writer: StreamWriter;
  readonly bytes: () => Uint8Array;
}

/** The area of one mapped-ram block whose header has moved; all in bytes of the input's area. */
interface MovedArea {
  at: number;
  readonly bitmap: number;
  readonly padding: number;
  /** How many zeros replace the padding. */
  readonly newPadding: number;
}

export class StreamOutput {
  private readonly main: StreamWriter;
  private readonly gather: number;
  private readonly shift: number;
  private readonly blobs: Blob[] = [];
  /** Blobs that are not gathered: where they began, and what they must come to. */
  private readonly fixed: { readonly start: number; readonly length: number }[] = [];
  private pending: CommandEvent | undefined;
  private area: MovedArea | undefined;
  /** Called when a header was corrected. */
  onMoved: ((event: ListEvent, before: number, after: number) => void) | undefined;

  /**
   * `gather`: PACKAGED blobs may change their length, so each is held until it is whole, up to so many bytes; 0: none
   * will. `shift`: how much further in the stream begins in the file that mapped-ram offsets count from, bytes.
   */
  constructor(sink: ByteSink, gather: number, shift = 0) {
    this.main = createWriter(sink);
    this.gather = gather;
    this.shift = shift;
  }

  get position(): number {
    return this.main.position;
  }

  private get writer(): StreamWriter {
    return this.blobs.at(-1)?.writer ?? this.main;
  }

  /**
   * Writes one event: `raw`, where given, instead of encoding it. `areaAt`: where in the input the area behind a
   * mapped-ram header begins; null: there is none.
   * @throws Refused: pages would have to move, or a blob changed that is not gathered
   */
  async put(event: StreamEvent, raw: Uint8Array | undefined, areaAt: number | null = event.span.end): Promise<void> {
    if (this.pending !== undefined && event.kind !== 'package-open') await this.release();
    switch (event.kind) {
      case 'command':
        if (this.gather === 0 || event.command !== migCommand.packaged) break;
        this.pending = event;
        return;
      case 'package-open':
        return this.openBlob(event.length);
      case 'package-close':
        return this.closeBlob();
      case 'ram-blocks': {
        const placed = this.place(event, areaAt);
        return placed === event && raw !== undefined ? this.writer.copy(raw) : this.writer.write(placed);
      }
      case 'mapped-area':
        // Encoding it checks that its bytes are there at all.
        if (event.bytes.length === 0) return this.writer.write(event);
        return this.areaBytes(event.bytes);
      default:
    }
    await (raw === undefined ? this.writer.write(event) : this.writer.copy(raw));
    if (this.blobs.length > 0 && this.writer.position > this.gather) {
      throw new Refused('refused', `a PACKAGED blob of more than ${this.gather} bytes cannot be edited`);
    }
  }

  /** Bytes as they are. */
  bytes(bytes: Uint8Array): Promise<void> {
    return this.writer.copy(bytes);
  }

  /** Bytes of a mapped-ram area as they stand in the input, in order. */
  async areaBytes(bytes: Uint8Array): Promise<void> {
    const { area } = this;
    if (area === undefined) return this.withHoles(bytes);
    let rest = bytes;
    const take = (until: number): Uint8Array => {
      const part = rest.subarray(0, Math.max(0, until - area.at));
      rest = rest.subarray(part.length);
      area.at += part.length;
      return part;
    };
    await this.withHoles(take(area.bitmap));
    const padding = area.bitmap + area.padding;
    const before = area.at;
    take(padding);
    if (area.at === padding && (before < padding || area.padding === 0)) await this.writer.skip(area.newPadding);
    if (area.at < padding) return;
    this.area = undefined;
    await this.withHoles(rest);
  }

  async flush(): Promise<void> {
    await this.release();
    await this.main.flush();
  }

  private withHoles(bytes: Uint8Array): Promise<void> {
    const { writer } = this;
    return writeWithHoles(
      { write: (part) => writer.copy(part), skip: (count) => writer.skip(count) },
      bytes,
      writer.position,
    );
  }

  /** The list as it must be where it now stands. */
  private place(event: ListEvent, areaAt: number | null): ListEvent {
    const last = event.blocks.at(-1);
    if (last?.mapped === undefined || last.mapped.pagesOffset === 0 || areaAt === null) return event;
    const codec = ramBlockEntry(event.layout, event.targetPageSize);
    const size = event.blocks.reduce((sum, block) => sum + codec.size(block), event.continues ? 0 : 8);
    const shift = this.shift + this.writer.position + size - areaAt;
    if (shift === 0) return event;
    const { bitmapOffset, pagesOffset, pageSize } = last.mapped;
    const bitmap = mappedBitmapSize(last.usedLength, pageSize);
    const padding = pagesOffset - bitmapOffset - bitmap;
    if (bitmapOffset !== areaAt + (event.mappedBase ?? 0) || padding >= MAPPED_RAM_ALIGNMENT || this.blobs.length > 0) {
      throw new Refused(
        'refused',
        `this moves the mapped-ram pages of ${quote(last.idstr)}, which do not stand where QEMU puts them`,
      );
    }
    if (padding < shift) {
      throw new Refused(
        'refused',
        `this needs ${shift} bytes before the mapped-ram pages of ${quote(last.idstr)}, and ${Math.max(0, padding)} are free`,
        { code: 'pages-offset', offset: hex(pagesOffset) },
      );
    }
    this.area = { at: 0, bitmap, padding, newPadding: padding - shift };
    this.onMoved?.(event, bitmapOffset, bitmapOffset + shift);
    return {
      ...event,
      blocks: [
        ...event.blocks.slice(0, -1),
        { ...last, mapped: { ...last.mapped, bitmapOffset: bitmapOffset + shift } },
      ],
    };
  }

  private openBlob(length: number): void {
    const command = this.pending;
    this.pending = undefined;
    if (command === undefined) {
      this.fixed.push({ start: this.writer.position, length });
      return;
    }
    const sink = memorySink();
    this.blobs.push({ command, writer: createWriter(sink), bytes: () => sink.bytes() });
  }

  private async closeBlob(): Promise<void> {
    const fixed = this.fixed.pop();
    if (fixed !== undefined) {
      if (this.writer.position - fixed.start !== fixed.length)
        throw new Refused('refused', 'this edit changes a PACKAGED blob');
      return;
    }
    const blob = this.blobs.pop();
    if (blob === undefined) return;
    await blob.writer.flush();
    const bytes = blob.bytes();
    const payload = encodeBytes(be32, bytes.length);
    await this.writer.write({ ...blob.command, payload });
    await this.writer.copy(bytes);
  }

  /** A PACKAGED command without a blob behind it: only a document can say that. */
  private async release(): Promise<void> {
    const command = this.pending;
    this.pending = undefined;
    if (command !== undefined) await this.writer.write(command);
  }
}
