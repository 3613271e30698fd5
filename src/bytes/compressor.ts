// The port through which a container gets a compressor, the counterpart of decompressor.ts.

import type { Compression } from './decompressor.js';
import type { ByteSink } from './source.js';

/**
 * A sink whose bytes come out compressed at `outer`. `commit` ends the compressed data and commits `outer`; `abort`
 * aborts both. Its methods throw MigrationStreamError `unsupported` (no such program), `io`, and as `outer`.
 */
export type Compressor = (outer: ByteSink) => Promise<ByteSink>;

/** A format that is absent cannot be written on this platform. */
export type Compressors = Readonly<Partial<Record<Compression, Compressor>>>;
