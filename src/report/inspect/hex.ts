// `mstream inspect --hex`: bytes, and the grammar item that each byte belongs to.

import { escapeText, quote } from '../../base/quote.js';
import { span, type Span } from '../../base/span.js';
import { pageKindNames, type PageRuns } from '../../ram/page-runs.js';
import type { StreamEvent } from '../../stream/event.js';
import { commandName } from '../../wire/command.js';
import { hexText, offsetText } from '../quantity.js';
import type { Theme } from '../theme.js';

const ROW = 16;

/** Consecutive bytes that belong to one item. */
export interface HexPart {
  readonly span: Span;
  readonly label: string;
}

/** Collects the parts of a span from the events that touch it. */
export class HexParts {
  readonly parts: HexPart[] = [];
  private readonly wanted: Span;
  private section = '';
  private blocks: readonly { readonly idstr: string }[] = [];

  constructor(wanted: Span) {
    this.wanted = wanted;
  }

  observe(event: StreamEvent): void {
    if (event.kind === 'section-open')
      this.section = `section ${event.section.sectionId} ${quote(event.section.idstr)}`;
    if (event.kind === 'ram-blocks') this.blocks = event.continues ? [...this.blocks, ...event.blocks] : event.blocks;
    if (event.span.end <= this.wanted.start || event.span.start >= this.wanted.end) return;
    if (event.kind === 'pages') this.pages(event.runs);
    else this.add(event.span, this.label(event));
  }

  /** Every part, and the bytes that no event covers, within the span and up to `end`, the end of the existing bytes. */
  upTo(end: number): HexPart[] {
    const last = Math.min(this.wanted.end, end);
    const known = this.parts.at(-1)?.span.end ?? this.wanted.start;
    return known < last ? [...this.parts, { span: span(known, last), label: 'not understood' }] : this.parts;
  }

  private add(where: Span, label: string): void {
    const part = span(Math.max(where.start, this.wanted.start), Math.min(where.end, this.wanted.end));
    if (part.end <= part.start) return;
    const before = this.parts.at(-1);
    // Chunks of one payload are one part.
    if (before !== undefined && before.label === label && before.span.end === part.start) {
      this.parts[this.parts.length - 1] = { span: span(before.span.start, part.end), label };
    } else this.parts.push({ span: part, label });
  }

  private pages(runs: PageRuns): void {
    for (let i = 0; i < runs.count; i += 1) {
      const size = runs.headSize(i) + runs.length[i]!;
      const start = runs.offsetOf(i, 0);
      const first = Math.max(0, Math.floor((this.wanted.start - start) / size));
      const last = Math.min(runs.pages[i]!, Math.ceil((this.wanted.end - start) / size));
      const kind = pageKindNames[runs.kind[i]!]!;
      for (let k = first; k < last; k += 1) {
        const at = start + k * size;
        const address = runs.addr[i]! + k * runs.pageSize;
        this.add(
          span(at, at + size),
          `${this.section} > ${kind} record (${escapeText(runs.blocks[runs.block[i]!]!.idstr)} + ${hexText(address)})`,
        );
      }
    }
  }

  private label(event: Exclude<StreamEvent, { kind: 'pages' }>): string {
    switch (event.kind) {
      case 'header':
        return 'file header';
      case 'section-open':
        return `${this.section} > ${event.type.toUpperCase()} header`;
      case 'section-close':
        return `${this.section} > footer`;
      case 'payload':
        return `${this.section} > payload`;
      case 'ram-blocks':
        return `${this.section} > block list`;
      case 'ram-mark':
        return `${this.section} > ${event.mark === 'eos' ? 'EOS' : event.mark} record`;
      case 'mapped-area':
        return `${this.section} > mapped pages of ${escapeText(this.blocks[event.block]?.idstr ?? '?')}`;
      case 'command':
        return `command ${commandName(event.command)}`;
      case 'eof':
        return 'EOF';
      case 'trailing':
        return 'trailing bytes';
      default:
        return event.kind;
    }
  }
}

/** The parts with their bytes; `bytes` begins at offset `base` of the input. */
export function* hexLines(parts: readonly HexPart[], bytes: Uint8Array, base: number, theme: Theme): Generator<string> {
  for (const part of parts) {
    yield `${theme.heading(part.label)} ${theme.dim(`${hexText(part.span.start)}-${hexText(part.span.end)}, ${part.span.end - part.span.start} bytes`)}`;
    for (let row = part.span.start - (part.span.start % ROW); row < part.span.end; row += ROW) {
      yield hexRow(row, Math.max(row, part.span.start), Math.min(row + ROW, part.span.end), bytes, base, theme);
    }
  }
}

function hexRow(row: number, start: number, end: number, bytes: Uint8Array, base: number, theme: Theme): string {
  let digits = '';
  let text = '';
  for (let at = row; at < row + ROW; at += 1) {
    const byte = at < start || at >= end ? undefined : bytes[at - base];
    digits += `${at === row + ROW / 2 ? ' ' : ''} ${byte === undefined ? '  ' : byte.toString(16).padStart(2, '0')}`;
    text += byte === undefined ? ' ' : byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.';
  }
  return `  ${theme.offset(offsetText(row))} ${digits}  ${theme.dim('|')}${text}${theme.dim('|')}`;
}
