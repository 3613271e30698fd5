// Node's compressors: its zlib, and the programs that libvirt calls, with libvirt's options. libvirt:
// qemuSaveImageGetCompressionProgram(), src/qemu/qemu_saveimage.c.

import type { Compressor, Compressors } from '../compressor.js';

const program =
  (name: string, ...args: string[]): Compressor =>
  async (outer) =>
    (await import('./filter-sink.js')).programSink(outer, name, args);

export const nodeCompressors: Compressors = {
  gzip: async (outer) => (await import('./filter-sink.js')).gzipSink(outer),
  bzip2: program('bzip2', '-c'),
  xz: program('xz', '-c', '-3'),
  lzop: program('lzop', '-c'),
  zstd: program('zstd', '-c', '-q'),
  lz4: program('lz4', '-c', '-q'),
};
