// Compressed clusters of a qcow2 image: raw deflate with a window of 4 KiB, or zstd. QEMU: qcow2_zlib_decompress(),
// qcow2_zstd_decompress(), block/qcow2-threads.c.

import { MigrationStreamError } from '../../base/errors.js';
import { memorySource, readSource, type ByteSource } from '../../bytes/source.js';
import { cutImage, damagedImage, unsupportedImage } from './error.js';
import { KEPT_CLUSTERS } from './limits.js';

/** Opens compressed bytes as the plain ones, which can be read forward only. */
export interface ClusterDecompressor {
  open(outer: ByteSource): Promise<ByteSource>;
}
export type ClusterDecompressors = Readonly<Partial<Record<'deflate' | 'zstd', ClusterDecompressor>>>;

export class CompressedClusters {
  private readonly kept = new Map<number, Promise<Uint8Array>>();

  private readonly source: ByteSource;
  private readonly imageSize: number;
  private readonly clusterSize: number;
  private readonly type: 'deflate' | 'zstd';
  private readonly decompressors: ClusterDecompressors;

  constructor(
    source: ByteSource,
    imageSize: number,
    clusterSize: number,
    type: 'deflate' | 'zstd',
    decompressors: ClusterDecompressors = {},
  ) {
    this.source = source;
    this.imageSize = imageSize;
    this.clusterSize = clusterSize;
    this.type = type;
    this.decompressors = decompressors;
  }

  /**
   * The plain cluster whose `packed` bytes begin at `host`; as a loan. `entryAt`: place of its L2 entry.
   * @throws MigrationStreamError `unsupported`, `bad-container`, `truncated`, `io`
   */
  cluster(host: number, packed: number, entryAt: number): Promise<Uint8Array> {
    const kept = this.kept.get(host);
    if (kept !== undefined) return kept;
    const cluster = this.unpack(host, packed, entryAt);
    cluster.catch(() => this.kept.delete(host));
    this.kept.set(host, cluster);
    if (this.kept.size > KEPT_CLUSTERS) this.kept.delete(this.kept.keys().next().value!);
    return cluster;
  }

  private async unpack(host: number, packed: number, entryAt: number): Promise<Uint8Array> {
    const decompressor = this.decompressors[this.type];
    const place = { offset: entryAt, path: ['compressed cluster'] };
    if (decompressor === undefined)
      throw unsupportedImage(`a cluster is compressed with ${this.type}, which cannot be undone here`, place);
    if (host >= this.imageSize) throw cutImage('a compressed cluster', host, this.imageSize, place.path);
    // The sectors are counted generously: the last ones may lie behind the end of the image.
    const bytes = new Uint8Array(Math.min(packed, this.imageSize - host));
    const got = await readSource(this.source, bytes, host);
    const plain = await decompressor.open(memorySource(bytes.subarray(0, got), this.source.label));
    try {
      return await this.fill(plain);
    } catch (cause) {
      if (cause instanceof MigrationStreamError && cause.code === 'unsupported') throw cause;
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw damagedImage(`a compressed cluster cannot be unpacked: ${reason}`, place);
    } finally {
      await plain.close();
    }
  }

  /** Reads one cluster; what follows does not belong to it. */
  private async fill(plain: ByteSource): Promise<Uint8Array> {
    const cluster = new Uint8Array(this.clusterSize);
    for (let at = 0; at < cluster.length;) {
      const got = await plain.read(cluster.subarray(at), at);
      if (got === 0) throw new Error(`it holds ${at} of ${cluster.length} bytes`);
      at += got;
    }
    return cluster;
  }
}
