// The destination as QEMU's loader sees it during one load: its handlers, its blocks, and the capabilities of this
// load. destination-of.ts derives it from the model in destination/.

import type { Architecture } from '../release/architecture.js';
import type { QemuVersion } from '../release/version.js';
import type { Destination, OfferedFeatures } from '../destination/destination.js';
import type { VmstateTables } from '../destination/vmstate-tables.js';
import type { VmsdSchema } from '../vmstate/index.js';

export type { OfferedFeatures };

/** A RAM block of the destination, as its migration code sees it. */
export interface DestinationBlock {
  readonly name: string;
  /** Bytes. */
  readonly usedLength: number;
  /** Bytes; larger than `usedLength`: it may be resized. Undefined: not known. */
  readonly maxLength: number | undefined;
  readonly resizable: boolean | undefined;
  /** Of the host, bytes: 4096, or that of huge pages. */
  readonly pageSize: number;
  /** QEMU's mr->addr: relative to the container. Undefined: not known. */
  readonly gpa: bigint | undefined;
  /** Listed, but its pages neither come nor are taken (shared memory under x-ignore-shared). */
  readonly ignored: boolean;
  /** Registered for migration. */
  readonly migratable: boolean;
}

/** Something registered for migration: a SaveStateEntry. */
export interface DestinationHandler {
  readonly idstr: string;
  readonly instanceId: number;
  readonly versionId: number;
  /** Position in the order in which QEMU registered its handlers: the section id of the destination's own save. */
  readonly registration: number;
  /** `iterable`: has no table, its payload is read by rules of its own. `old`: hand-written, bytes only. */
  readonly kind: 'vmsd' | 'old' | 'iterable';
  /** What the destination's own save says of its fields. */
  readonly schema: VmsdSchema | undefined;
  /** The payload of its own save. */
  readonly payload: Uint8Array | undefined;
  /** Of a virtio device; undefined: not known. */
  readonly virtio?: OfferedFeatures | undefined;
}

export interface Receiver extends Pick<
  Destination,
  'machine' | 'hostPageSize' | 'sendConfiguration' | 'sectionFooters'
> {
  readonly version: QemuVersion;
  /** Undefined: not known. Rules of one architecture hold for no other. */
  readonly architecture: Architecture | undefined;
  /** Every capability that it knows, and whether it is on. */
  readonly capabilities: ReadonlyMap<string, boolean>;
  /** As `-uuid` gave it, 32 hex digits in lower case; undefined when it was not given. */
  readonly uuid: string | undefined;
  /** log2 of the target page size. */
  readonly pageBits: number;
  /** What it takes for the sender's when the stream does not say. */
  readonly legacyPageBits: number;
  readonly suppressVmdescription: boolean;
  /** Does a compressed page that cannot be decompressed end the load? QEMU: migration.decompress-error-check. */
  readonly decompressErrors: boolean;
  readonly blocks: readonly DestinationBlock[];
  /** False: the list above may lack blocks. */
  readonly blocksKnown: boolean;
  /** In the order of QEMU's own list. */
  readonly handlers: readonly DestinationHandler[];
  readonly handlersKnown: boolean;
  /** Names of disks and their nodes, as the command line gives them. */
  readonly blockNodes: ReadonlySet<string>;
  /** Size of each BAR of a PCI device (6: its ROM), by the idstr of its section; undefined when nobody asked. */
  readonly bars?: ((idstr: string) => ReadonlyMap<number, number> | undefined) | undefined;
  /** Undefined: -dump-vmstate gave nothing. */
  readonly tables: VmstateTables | undefined;
}
