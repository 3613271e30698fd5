// Node's decompressors: its zlib, and the programs that libvirt calls.

import type { Decompressor, Decompressors } from '../decompressor.js';

const program = (name: string, args: readonly string[] = ['-dc']): Decompressor => ({
  by: `the program ${name}`,
  open: async (outer) => (await import('./program-source.js')).programSource(outer, name, args),
});

export const nodeDecompressors: Decompressors = {
  gzip: {
    by: 'zlib',
    open: async (outer) => (await import('./gunzip-source.js')).gunzipSource(outer),
  },
  deflate: {
    by: 'zlib',
    open: async (outer) => (await import('./gunzip-source.js')).inflateRawSource(outer),
  },
  bzip2: program('bzip2'),
  // A header may ask for 4 GiB; `xz -9` needs 65 MiB.
  xz: program('xz', ['-dc', '--memlimit-decompress=512MiB']),
  lzop: program('lzop', ['-dc', '--ignore-warn']),
  zstd: program('zstd'),
  lz4: program('lz4'),
};
