// Half-open byte ranges. Offsets are plain numbers: files stay below 2^53, and every value from a file is checked
// against 2^53 before it becomes an offset (see units.ts).

/** Bytes `start` (included) to `end` (excluded), absolute in the outermost input. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** The span from `start` to `end`, both absolute. The function checks nothing. */
export function span(start: number, end: number): Span {
  return { start, end };
}

/** In bytes. */
export function spanLength(range: Span): number {
  return range.end - range.start;
}
