// Sizes that follow from the header of a qcow2 image. QEMU: block/qcow2.h, qcow2_vm_state_offset().

import { roundUp } from '../../base/units.js';
import { damagedImage } from './error.js';
import type { Qcow2Header } from './header.js';
import { SUBCLUSTERS } from './layout.js';

/** All in bytes, but `l2Entries`. */
export interface Geometry {
  readonly clusterSize: number;
  /** Of an L2 table. */
  readonly entrySize: number;
  /** Entries of an L2 table. */
  readonly l2Entries: number;
  /** Guest bytes that one L2 table maps. */
  readonly span: number;
  /** Guest bytes that are allocated as a whole: a cluster, or a subcluster with extended L2 entries. */
  readonly unit: number;
}

export function geometryOf({ clusterBits, extendedL2 }: Pick<Qcow2Header, 'clusterBits' | 'extendedL2'>): Geometry {
  const clusterSize = 2 ** clusterBits;
  const entrySize = extendedL2 ? 16 : 8;
  const l2Entries = clusterSize / entrySize;
  const unit = extendedL2 ? clusterSize / SUBCLUSTERS : clusterSize;
  return { clusterSize, entrySize, l2Entries, span: clusterSize * l2Entries, unit };
}

/**
 * Where the VM state begins in the guest's address space: the disk's end, rounded up to what one L2 table maps.
 * `diskSize` is that of the snapshot, not of the image. `at`: place of the size in the image, for the error.
 * @throws MigrationStreamError `bad-container`
 */
export function vmStateOffset({ span }: Geometry, diskSize: number, at: number): number {
  const offset = roundUp(diskSize, span);
  if (!Number.isSafeInteger(offset + span)) throw damagedImage(`a disk of ${diskSize} bytes`, { offset: at });
  return offset;
}
