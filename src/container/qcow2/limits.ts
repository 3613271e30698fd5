// The limits of QEMU's own qcow2 reader, and those of the reader here. QEMU: block/qcow2.h.

/** MIN_CLUSTER_BITS, MAX_CLUSTER_BITS */
export const MIN_CLUSTER_BITS = 9;
export const MAX_CLUSTER_BITS = 21;
/** With extended L2 entries a subcluster must have 512 bytes. */
export const MIN_CLUSTER_BITS_EXTENDED = 14;

/** QCOW_MAX_L1_SIZE, bytes. */
export const MAX_L1_BYTES = 32 * 1024 * 1024;
/** QCOW_MAX_REFTABLE_SIZE, bytes. */
export const MAX_REFCOUNT_TABLE_BYTES = 8 * 1024 * 1024;
/** QCOW_MAX_SNAPSHOTS */
export const MAX_SNAPSHOTS = 65_536;
/** QCOW_MAX_SNAPSHOTS_SIZE: 1024 bytes for each snapshot. */
export const MAX_SNAPSHOT_TABLE_BYTES = 64 * 1024 * 1024;
/** QCOW_MAX_SNAPSHOT_EXTRA_DATA, bytes of one snapshot. */
export const MAX_SNAPSHOT_EXTRA = 1024;
/** Bytes of a backing file's name. */
export const MAX_BACKING_NAME = 1023;
/** QCOW_MAX_REFCOUNT_ORDER */
export const MAX_REFCOUNT_ORDER = 6;

/** Tables are read in pieces of at most this many bytes: 64 KiB of L2 entries map 512 MiB with clusters of 64 KiB. */
export const TABLE_PIECE = 64 * 1024;
/** Bytes of table pieces that one image keeps. */
export const TABLE_CACHE = 4 * 1024 * 1024;
/** Decompressed clusters that one image keeps; four reads are in flight at most. */
export const KEPT_CLUSTERS = 4;
/** Backing files of backing files. QEMU has no limit; its own tools make chains of a few dozen. */
export const MAX_BACKING_DEPTH = 64;
/** States whose first bytes are read to list their machine types. */
export const MAX_LISTED_MACHINES = 256;
/** Pieces of empty L2 tables behind a state's last cluster. QEMU makes an L2 table when it has a cluster for it. */
export const MAX_EMPTY_PIECES = 4096;
