// The FULL sections of a stream, which hold the devices, gathered from its events. Payloads are copied out of their
// loans, up to a limit.

import { concatBytes } from '../base/bytes.js';
import { span, type Span } from '../base/span.js';
import type { Boundary, StreamEvent } from '../stream/event.js';
import type { SectionHeader } from '../wire/section.js';

export interface FullSection {
  readonly section: SectionHeader;
  /** The whole section, header and footer included; absolute. */
  readonly span: Span;
  readonly payload: Span;
  /** How the end of the payload is known. */
  readonly boundary: Boundary;
  /** Inside how many PACKAGED blobs. */
  readonly depth: number;
  /** Undefined: too large to be kept. */
  readonly bytes: Uint8Array | undefined;
}

export interface GatherOptions {
  /** Bytes of payload that are kept, of all sections together. */
  readonly limit: number;
  /** The error to throw at the limit. By default a section beyond the limit comes without its bytes. */
  readonly beyond?: () => Error;
  /** Whether a section is gathered. By default all are. */
  readonly wants?: (section: SectionHeader) => boolean;
}

interface Open {
  readonly section: SectionHeader;
  readonly start: number;
  readonly base: number;
  /** Undefined: too large to be kept. */
  parts: Uint8Array[] | undefined;
  boundary: Boundary;
  end: number;
}

export class FullSections {
  /** Those that have ended, in stream order. */
  readonly whole: FullSection[] = [];
  private readonly options: GatherOptions;
  private open: Open | undefined;
  private kept = 0;
  private depth = 0;

  constructor(options: GatherOptions) {
    this.options = options;
  }

  /** Whether the event is part of a section that is gathered. @throws what `beyond` makes */
  observe(event: StreamEvent): boolean {
    switch (event.kind) {
      case 'package-open':
        this.depth += 1;
        return false;
      case 'package-close':
        this.depth -= 1;
        return false;
      case 'section-open':
        this.begin(event);
        return this.open !== undefined;
      case 'payload':
        if (this.open !== undefined) this.add(this.open, event);
        return this.open !== undefined;
      case 'section-close': {
        const ended = this.upTo(event.span.end);
        this.open = undefined;
        if (ended !== undefined) this.whole.push(ended);
        return ended !== undefined;
      }
      default:
        return false;
    }
  }

  /** Those that have ended, and the one that has only begun, with what has come of its payload. */
  get all(): readonly FullSection[] {
    const begun = this.open && this.upTo(this.open.end);
    return begun === undefined ? this.whole : [...this.whole, begun];
  }

  private begin({ type, section, span: { start, end } }: Extract<StreamEvent, { kind: 'section-open' }>): void {
    const wanted = type === 'full' && (this.options.wants?.(section) ?? true);
    this.open = wanted ? { section, start, base: end, parts: [], boundary: 'decoder', end } : undefined;
  }

  private add(open: Open, { bytes, boundary, span: { end } }: Extract<StreamEvent, { kind: 'payload' }>): void {
    open.end = end;
    open.boundary = boundary;
    if (open.parts === undefined || bytes.length === 0) return;
    if (this.kept + bytes.length <= this.options.limit) {
      this.kept += bytes.length;
      open.parts.push(bytes.slice());
      return;
    }
    if (this.options.beyond !== undefined) throw this.options.beyond();
    for (const part of open.parts) this.kept -= part.length;
    open.parts = undefined;
  }

  private upTo(end: number): FullSection | undefined {
    if (this.open === undefined) return undefined;
    const { section, start, base, parts, boundary } = this.open;
    return {
      section,
      span: span(start, end),
      payload: span(base, this.open.end),
      boundary,
      depth: this.depth,
      bytes: parts && joined(parts),
    };
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return parts.length === 1 ? parts[0]! : concatBytes(parts);
}
