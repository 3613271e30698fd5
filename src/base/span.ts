// Half-open byte ranges. Offsets are plain numbers: files stay below 2^53, and every value read from a file is
// checked against that before it becomes one (see units.ts). Imports nothing.

/** Bytes `start` (included) to `end` (excluded), absolute in the outermost input. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Bytes `start` to `end`, both absolute; nothing is checked. */
export function span(start: number, end: number): Span {
  return { start, end };
}

/** In bytes. */
export function spanLength(range: Span): number {
  return range.end - range.start;
}
