// The model of a destination: what decides whether one QEMU with one command line loads a stream. verify, profile and
// transplant use it. document.ts writes it as JSON; qemu/ask/ fills it from a real QEMU, builtin-destination.ts from a
// release number.

import type { QemuVersion } from '../release/version.js';
import type { Save } from './save.js';
import type { VmstateTables } from './vmstate-tables.js';

/** How a fact is known. `save`: seen in a save of this QEMU; `refusal`: said by this QEMU when it refused a state. */
export type KnownBy = 'qmp' | 'hmp' | 'save' | 'refusal' | 'dump-vmstate' | 'argv' | 'host' | 'unknown';

export interface RamBlockFacts {
  readonly idstr: string;
  /** Bytes: the length that a stream's block list must give, unless the block can be resized. */
  readonly usedLength: number;
  /** Bytes: the limit of a resize. Above `usedLength` only for resizable blocks. */
  readonly maxLength: number;
  /** Page size of the memory behind the block, in bytes: more than the host's with hugepages. */
  readonly pageSize: number;
  /** The region's address in its container, as the block list has it under x-ignore-shared; undefined: not known. */
  readonly gpa: bigint | undefined;
  /** The block list of a save has it; undefined: not known. */
  readonly migratable: boolean | undefined;
  /** x-ignore-shared leaves the block out (QEMU: migrate_ram_is_ignored); undefined: not known. */
  readonly ignored: boolean | undefined;
}

/** Feature bits of a virtio device, at most 128. */
export interface OfferedFeatures {
  /** The device offers these: a guest that uses more is refused. */
  readonly features: bigint;
  /** Bits that may differ with the command line as given, because it was changed before QEMU was asked. */
  readonly unsure: bigint;
}

/** A change to the command line before the QEMU was started. */
export interface NeutralisedOption {
  /** `-drive`; for a part of a parameter `-machine dumpdtb`. */
  readonly option: string;
  readonly before: string;
  /** null: left out. */
  readonly after: string | null;
  readonly why: string;
  /** How the answer may differ from that of the command line as given; absent: it does not. */
  readonly limits?: string;
}

export interface Destination {
  /** When the QEMU was asked, ISO 8601. */
  readonly created: string;
  readonly qemu: QemuVersion & { readonly micro: number; readonly package: string };
  /** QEMU's name of the target: `x86_64`. */
  readonly target: string;
  /** Full name of the machine type, as a stream has it: `pc` is resolved. */
  readonly machine: string;
  /** QEMU's options as given, without the executable. */
  readonly argv: readonly string[];
  /** The QEMU that was asked ran with these changes to `argv`. */
  readonly neutralised: readonly NeutralisedOption[];
  /** Every capability that this QEMU knows, with its state. */
  readonly capabilities: Readonly<Record<string, boolean>>;
  /** Lower case, with hyphens; undefined: the command line gives none, and QEMU does not compare a stream's uuid. */
  readonly uuid: string | undefined;
  /** Bytes. */
  readonly targetPageSize: number;
  /** Page size of the machine that this QEMU ran on, in bytes. */
  readonly hostPageSize: number;
  /** A configuration section is written, and expected. QEMU: -global migration.send-configuration. */
  readonly sendConfiguration: boolean;
  /** Sections end with footers, and must. QEMU: -global migration.send-section-footer. */
  readonly sectionFooters: boolean;
  /** In QEMU's order. */
  readonly blocks: readonly RamBlockFacts[];
  /** What this QEMU saved of itself, stopped before its guest ran; undefined: it could not. */
  readonly save: Save | undefined;
  /** Features of the virtio devices, by `deviceKey`; devices without an entry: not known. */
  readonly offers: ReadonlyMap<string, OfferedFeatures>;
  /** Undefined: -dump-vmstate gave nothing. */
  readonly tables: VmstateTables | undefined;
  /** Model and features of the first CPU, which no stream contains. */
  readonly cpu: { readonly model: string | null; readonly features: readonly string[]; readonly accelerator: string };
  /** By member of the profile document. */
  readonly known: Readonly<Record<string, KnownBy>>;
  /** What could not be learned, and why, in sentences. */
  readonly notes: readonly string[];
}

/** `QEMU 7.2.22 (package)`. */
export function destinationLabel({ qemu }: Pick<Destination, 'qemu'>): string {
  return `QEMU ${qemu.major}.${qemu.minor}.${qemu.micro}${qemu.package === '' ? '' : ` ${qemu.package}`}`;
}
