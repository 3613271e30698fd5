// The saved states of a file that holds several of them, for the user to choose from.

/** A saved state, or a snapshot of the disk alone; plain JSON values. */
export interface SavedStateRow {
  /** Null for the state in the active L1 table, which has no snapshot name. */
  readonly id: string | null;
  readonly tag: string | null;
  /** ISO 8601, UTC. */
  readonly date: string | null;
  /** Run time of the guest, in seconds. */
  readonly vmClock: number | null;
  /**
   * Bytes, as QEMU recorded the size (for mapped-ram QEMU records fewer bytes than it wrote); 0 for a snapshot of the
   * disk alone.
   */
  readonly stateSize: number;
  readonly diskSize: number;
  readonly diskOnly: boolean;
  /** Machine type at the beginning of the state; null where the state has none, or where nobody looked. */
  readonly machine: string | null;
  /** Why the state cannot be read. */
  readonly damage: string | null;
}
