// The bytes of one RAM block outside of a stream, for writing and for reading. Imports nothing.

/** Where externalized pages go: a file with holes, in practice. Offsets are those of the block. */
export interface MemoryTarget {
  readonly label: string;
  /** Called once, before any page: bytes of the block. */
  open(length: number): Promise<void>;
  write(bytes: Uint8Array, at: number): Promise<void>;
  /** What was written there, zeros elsewhere: XBZRLE records are deltas against it. */
  read(into: Uint8Array, at: number): Promise<void>;
  /** The page at `at` is zero: a hole, even where an older version of it was written. */
  zero(at: number, length: number): Promise<void>;
  commit(): Promise<void>;
  abort(): Promise<void>;
}

/** Where inlined pages come from. */
export interface MemoryOrigin {
  readonly label: string;
  readonly size: number;
  read(into: Uint8Array, at: number): Promise<number>;
}
