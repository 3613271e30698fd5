// The bytes of one RAM block outside of a stream, for writing and for reading.

/** The destination of externalized pages: in practice a file with holes. Offsets are offsets in the block. */
export interface MemoryTarget {
  readonly label: string;
  /** Called once, before any page. The unit is bytes of the block. */
  open(length: number): Promise<void>;
  write(bytes: Uint8Array, at: number): Promise<void>;
  /** The bytes written there before; zeros elsewhere. XBZRLE records are deltas against them. */
  read(into: Uint8Array, at: number): Promise<void>;
  /** The page at `at` is zero: a hole, even where an older version of the page was written. */
  zero(at: number, length: number): Promise<void>;
  commit(): Promise<void>;
  abort(): Promise<void>;
}

/** The source of inlined pages. */
export interface MemoryOrigin {
  readonly label: string;
  readonly size: number;
  read(into: Uint8Array, at: number): Promise<number>;
}
