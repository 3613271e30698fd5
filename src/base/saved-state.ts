// What can be chosen where several saved states lie in one file. Imports nothing.

/** A state or a snapshot of the disk alone; plain JSON values. */
export interface SavedStateRow {
  /** Null: the state in the active L1 table, which no snapshot names. */
  readonly id: string | null;
  readonly tag: string | null;
  /** ISO 8601, UTC. */
  readonly date: string | null;
  /** How long the guest had run, seconds. */
  readonly vmClock: number | null;
  /** Bytes, as QEMU stored it (mapped-ram counts less than there is); 0 for a snapshot of the disk alone. */
  readonly stateSize: number;
  readonly diskSize: number;
  readonly diskOnly: boolean;
  /** Machine type at the state's beginning; null where there is none, or where it was not looked at. */
  readonly machine: string | null;
  /** Why the state cannot be read. */
  readonly damage: string | null;
}
