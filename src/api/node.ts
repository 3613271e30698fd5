// `qemu-mstream/node`: files, pipes, compressors and decompressors of Node for the ports of the portable core.

export { nodeCompressors } from '../bytes/node/compressors.js';
export { nodeDecompressors } from '../bytes/node/decompressors.js';
export { openFileSink, type FileSinkOptions } from '../bytes/node/file-sink.js';
export { openFile } from '../bytes/node/file-source.js';
export { deflate, deflatedSize } from '../bytes/node/deflate.js';
export { flushDecoders } from '../bytes/node/flush-decoders.js';
export { inflate } from '../bytes/node/inflate.js';
export { memoryFile, openMemory } from '../bytes/node/memory-file.js';
export { spool } from '../bytes/node/spool.js';
export { stdinSource, stdoutSink } from '../bytes/node/stdio.js';
export type { Temporaries } from '../bytes/node/temporaries.js';
