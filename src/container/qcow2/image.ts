// One qcow2 image: its header, its tables in pieces, and what the caller lends for backing files and compressed
// clusters.

import type { ByteSource } from '../../bytes/source.js';
import { CompressedClusters, type ClusterDecompressors } from './compressed.js';
import { EntryReader } from './entries.js';
import { geometryOf, type Geometry } from './geometry.js';
import { readHeader, type Qcow2Header } from './header.js';
import { TablePieces } from './tables.js';

/** What stands where an image has nothing. */
export interface Backing {
  /** Fills `into` with the disk's bytes at `guest`, zeros behind the disk's end. */
  read(into: Uint8Array, guest: number): Promise<void>;
  close(): Promise<void>;
}

export interface Qcow2Image {
  readonly source: ByteSource;
  /** Of the file, bytes. */
  readonly size: number;
  readonly header: Qcow2Header;
  readonly geometry: Geometry;
  readonly pieces: TablePieces;
  readonly entries: EntryReader;
  readonly compressed: CompressedClusters;
  /** Undefined where the image names none. */
  readonly backing: Backing | undefined;
}

/**
 * Opens the image that `source` holds, without its backing file (`openImage` in backing.ts opens both). Closing
 * `source` is the caller's.
 * @throws MigrationStreamError `bad-container`, `truncated`, `unsupported`, `address-too-large`, `limit-exceeded`,
 * `io`; TypeError for a source that cannot be sought
 */
export async function openAlone(
  source: ByteSource,
  decompressors: ClusterDecompressors | undefined,
): Promise<Omit<Qcow2Image, 'backing'>> {
  const { size } = source;
  if (!source.seekable || size === undefined) throw new TypeError(`${source.label} cannot be sought`);
  const header = await readHeader(source);
  const geometry = geometryOf(header);
  return {
    source,
    size,
    header,
    geometry,
    pieces: new TablePieces(source, geometry.clusterSize),
    entries: new EntryReader(geometry, header.version, size),
    compressed: new CompressedClusters(source, size, geometry.clusterSize, header.compression, decompressors),
  };
}
