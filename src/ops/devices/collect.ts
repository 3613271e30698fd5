// Payloads of FULL sections, gathered from the events of a stream: as many bytes as may be kept, copied out of their
// loans.

import { concatBytes } from '../../base/bytes.js';
import { span } from '../../base/span.js';
import { MAX_DEVICE_BYTES } from '../../limits.js';
import type { StreamEvent } from '../../stream/event.js';
import type { SectionHeader } from '../../wire/section.js';
import type { FoundPayload } from './stream-device.js';

export class PayloadCollector {
  private section: SectionHeader | undefined;
  private start = 0;
  private open:
    | {
        readonly parts: Uint8Array[];
        readonly start: number;
        boundary: FoundPayload['boundary'];
        end: number;
        tooLarge: boolean;
      }
    | undefined;
  private kept = 0;
  private depth = 0;

  /** The payload whose section ends with `event`. */
  observe(event: StreamEvent): FoundPayload | undefined {
    switch (event.kind) {
      case 'package-open':
        this.depth += 1;
        return undefined;
      case 'package-close':
        this.depth -= 1;
        return undefined;
      case 'section-open':
        this.section = event.type === 'full' ? event.section : undefined;
        this.start = event.span.start;
        this.open = undefined;
        return undefined;
      case 'payload':
        if (this.section !== undefined) this.add(event);
        return undefined;
      case 'section-close':
        return this.close(event.span.end);
      default:
        return undefined;
    }
  }

  private add(event: Extract<StreamEvent, { kind: 'payload' }>): void {
    const open = (this.open ??= {
      parts: [],
      start: event.span.start,
      boundary: event.boundary,
      end: event.span.start,
      tooLarge: false,
    });
    open.end = event.span.end;
    open.boundary = event.boundary;
    if (open.tooLarge || event.bytes.length === 0) return;
    if (this.kept + event.bytes.length > MAX_DEVICE_BYTES) {
      open.tooLarge = true;
      for (const part of open.parts.splice(0)) this.kept -= part.length;
      return;
    }
    this.kept += event.bytes.length;
    open.parts.push(event.bytes.slice());
  }

  private close(end: number): FoundPayload | undefined {
    const { section, open } = this;
    this.section = undefined;
    if (section === undefined || open === undefined) return undefined;
    const bytes = open.tooLarge ? undefined : open.parts.length === 1 ? open.parts[0]! : concatBytes(open.parts);
    return {
      section,
      span: span(this.start, end),
      payload: span(open.start, open.end),
      boundary: open.boundary,
      depth: this.depth,
      bytes,
    };
  }
}
