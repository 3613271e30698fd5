// What a destination is: everything a predictor wants to know of one QEMU with one command line, as plain data that is
// its own JSON (docs/schema/profile.json), so that a fleet can be checked where no QEMU is. qemu/profile/ asks a real
// one.

import { MAX_PROFILE_DEPTH } from '../limits.js';
import { checks } from '../base/shape.js';

/** How a fact is known. `save`: seen in what this QEMU saved of itself; `refusal`: said when it refused a state. */
export type ProfileSource = 'qmp' | 'hmp' | 'save' | 'refusal' | 'dump-vmstate' | 'argv' | 'host' | 'unknown';

export interface ProfileBlock {
  readonly idstr: string;
  /** Bytes: what a stream's block list must say, unless the block can be resized. */
  readonly usedLength: number;
  /** Bytes: up to where it can be resized. Above `usedLength` only for resizable blocks. */
  readonly maxLength: number;
  /** Of the memory behind it, in bytes: more than the host's with hugepages. */
  readonly pageSize: number;
  /** 0x…: the region's address in its container, as the block list has it under x-ignore-shared; null: not known. */
  readonly gpa: string | null;
  /** In the block list of a save; null: not known. */
  readonly migratable: boolean | null;
  /** x-ignore-shared, where it is on, leaves it out here (QEMU: migrate_ram_is_ignored); null: not known. */
  readonly ignored: boolean | null;
}

/** One section of what this QEMU saved of itself. */
export interface ProfileDevice {
  readonly idstr: string;
  readonly instanceId: number;
  readonly versionId: number;
  /** Given at registration: the order in which handlers came to be. */
  readonly sectionId: number;
  /** Saved in pieces (START, PART, END), such as `ram`: no payload is kept. */
  readonly iterable: boolean;
  /** Base64; empty for an iterable one. */
  readonly payload: string;
  /** Absent: no virtio device, or not known. */
  readonly virtio?: VirtioFeatures;
}

/** Feature bits of a virtio device, 0x…, at most 128 bits. */
export interface VirtioFeatures {
  /** What it offers: a guest that has taken more is refused. */
  readonly features: string;
  /** Bits that may be otherwise with the command line as given, since it was changed before QEMU was asked. */
  readonly unsure: string;
}

/** A field of a VMStateDescription as -dump-vmstate prints it. */
export interface VmsdField {
  readonly name: string;
  /** Not in streams of older versions of its vmsd. */
  readonly versionId: number;
  /** Whether it is there depends on a function. */
  readonly fieldExists: boolean;
  /** Of one element in QEMU's memory; not always what it takes in a stream. */
  readonly size: number;
  /** Elements of an array of fixed length. */
  readonly num?: number;
  /** Place in `vmsds` of the struct that it is. */
  readonly struct?: number;
}

export interface Vmsd {
  readonly name: string;
  readonly versionId: number;
  readonly minimumVersionId: number;
  readonly fields: readonly VmsdField[];
  /** Places in `vmsds`. */
  readonly subsections: readonly number[];
}

/** -dump-vmstate, each description once. References go to earlier entries only. */
export interface VmstateDump {
  /** By device type (`VGA`, `virtio-vga`): the place of its description. */
  readonly types: Readonly<Record<string, number>>;
  /** Names repeat: `serial` of isa-serial is not that of pci-serial. */
  readonly vmsds: readonly Vmsd[];
}

/** What was changed in the command line before the QEMU was started. */
export interface NeutralisedOption {
  /** `-drive`; for a part of a parameter `-machine dumpdtb`. */
  readonly option: string;
  readonly before: string;
  /** null: left out. */
  readonly after: string | null;
  readonly why: string;
  /** How the answer may differ from what the command line as given would say; absent: it does not. */
  readonly limits?: string;
}

export interface Profile {
  readonly schemaVersion: 1;
  readonly kind: 'mstream-profile';
  /** ISO 8601. */
  readonly created: string;
  readonly qemu: { readonly major: number; readonly minor: number; readonly micro: number; readonly package: string };
  /** QEMU's name of the target: `x86_64`. */
  readonly target: string;
  /** Full name, as a stream has it: `pc` is resolved. */
  readonly machine: string;
  /** QEMU's options as they were given, without the executable. */
  readonly argv: readonly string[];
  /** What was asked was this command line with these changes. */
  readonly neutralised: readonly NeutralisedOption[];
  /** Every capability that this QEMU knows, with its state. */
  readonly capabilities: Readonly<Record<string, boolean>>;
  /** null: the command line gives none (then a stream's is not compared). */
  readonly uuid: string | null;
  /** Bytes. */
  readonly targetPageSize: number;
  /** Bytes, of the machine that this QEMU ran on. */
  readonly hostPageSize: number;
  /** A configuration section is written, and wanted. QEMU: -global migration.send-configuration. */
  readonly sendConfiguration: boolean;
  /** Sections end with footers, and must. QEMU: -global migration.send-section-footer. */
  readonly sectionFooters: boolean;
  /** In QEMU's order. */
  readonly blocks: readonly ProfileBlock[];
  /** In the order of a save. */
  readonly devices: readonly ProfileDevice[];
  /** The vmdescription of that save, as it stands; null: there was none. */
  readonly vmdescription: string | null;
  /** Section ids below the highest that no section of the save has: registered, but not needed or gone. */
  readonly unsavedSectionIds: readonly number[];
  readonly vmstate: VmstateDump;
  /** What no stream says. Model and features as this QEMU has them for its first CPU. */
  readonly cpu: { readonly model: string | null; readonly features: readonly string[]; readonly accelerator: string };
  /** By member of this document. */
  readonly known: Readonly<Record<string, ProfileSource>>;
  /** What could not be learned, and why, in sentences. */
  readonly notes: readonly string[];
}

/** A text that is no profile of ours. */
export class BadProfile extends Error {
  /** Where in the document, outermost first. */
  readonly path: readonly string[];

  constructor(path: readonly string[], message: string) {
    super(`${path.length === 0 ? '' : `${path.join('.')}: `}${message}`);
    this.name = 'BadProfile';
    this.path = path;
  }
}

const { between, matching, oneOf, nullable, list, object, record } = checks(
  (at, message) => new BadProfile(at, message),
);

const u32 = between(0, 0xffff_ffff);
const count = between(0, Number.MAX_SAFE_INTEGER);
/** QEMU's own versions are ints, and a few are negative. */
const version = between(-0x8000_0000, 0xffff_ffff);
const flag = oneOf(true, false);
const text = matching('text', /^/);
/** At most 255 characters, one a byte. */
const name = matching('text of at most 255 characters up to U+00FF', /^[\0-\xff]{0,255}$/);
const base64 = matching('base64', /^[A-Za-z0-9+/]*={0,2}$/);
const pageSize = between(1, 2 ** 40);
const features = matching('feature bits 0x…', /^0x(0|[1-9a-f][0-9a-f]{0,31})$/);

const profile = object({
  schemaVersion: oneOf(1),
  kind: oneOf('mstream-profile'),
  created: text,
  qemu: object({ major: count, minor: count, micro: count, package: text }),
  target: text,
  machine: text,
  argv: list(text),
  neutralised: list(object({ option: text, before: text, after: nullable(text), why: text }, { limits: text })),
  capabilities: record(flag),
  uuid: nullable(matching('a uuid in lower case', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)),
  targetPageSize: pageSize,
  hostPageSize: pageSize,
  sendConfiguration: flag,
  sectionFooters: flag,
  blocks: list(
    object({
      idstr: name,
      usedLength: count,
      maxLength: count,
      pageSize,
      gpa: nullable(matching('an address 0x…', /^0x(0|[1-9a-f][0-9a-f]{0,15})$/)),
      migratable: nullable(flag),
      ignored: nullable(flag),
    }),
  ),
  devices: list(
    object(
      { idstr: name, instanceId: u32, versionId: u32, sectionId: u32, iterable: flag, payload: base64 },
      { virtio: object({ features, unsure: features }) },
    ),
  ),
  vmdescription: nullable(text),
  unsavedSectionIds: list(u32),
  vmstate: object({
    types: record(count),
    vmsds: list(
      object({
        name: text,
        versionId: version,
        minimumVersionId: version,
        fields: list(
          object({ name: text, versionId: version, fieldExists: flag, size: count }, { num: count, struct: count }),
        ),
        subsections: list(count),
      }),
    ),
  }),
  cpu: object({ model: nullable(text), features: list(text), accelerator: text }),
  known: record(oneOf('qmp', 'hmp', 'save', 'refusal', 'dump-vmstate', 'argv', 'host', 'unknown')),
  notes: list(text),
});

/** References lead to earlier entries, and not too deep, so that whoever follows them comes to an end. */
function checkReferences({ types, vmsds }: VmstateDump): void {
  const depths: number[] = [];
  vmsds.forEach(({ fields, subsections }, i) => {
    let depth = 0;
    for (const to of [...fields.flatMap(({ struct }) => (struct === undefined ? [] : [struct])), ...subsections]) {
      const below = to < i ? depths[to] : undefined;
      if (below === undefined)
        throw new BadProfile(['vmstate', `vmsds[${i}]`], `refers to entry ${to}, which does not stand before it`);
      depth = Math.max(depth, below + 1);
    }
    if (depth > MAX_PROFILE_DEPTH)
      throw new BadProfile(['vmstate', `vmsds[${i}]`], `nests deeper than ${MAX_PROFILE_DEPTH}`);
    depths.push(depth);
  });
  for (const [type, to] of Object.entries(types)) {
    if (to >= vmsds.length)
      throw new BadProfile(['vmstate', 'types', type], `refers to entry ${to} of ${vmsds.length}`);
  }
}

/** @throws BadProfile when the value is not what docs/schema/profile.json says, or its references lead nowhere */
export function checkProfile(value: unknown): asserts value is Profile {
  profile(value, []);
  checkReferences((value as Profile).vmstate);
}

/** @throws BadProfile: no JSON, or no profile */
export function parseProfile(json: string): Profile {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new BadProfile([], `no JSON: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  checkProfile(value);
  return value;
}

/** The document in ASCII: one line for each block, device and vmsd, so that two of them can be compared by eye. */
export function formatProfile(profile: Profile): string {
  const lines = (values: readonly unknown[]): string =>
    values.length === 0 ? '[]' : `[\n${values.map((one) => `   ${JSON.stringify(one)}`).join(',\n')}\n  ]`;
  const members = Object.entries(profile).map(([member, value]) => {
    if (member === 'vmstate')
      return `  "vmstate": { "types": ${JSON.stringify(profile.vmstate.types)}, "vmsds": ${lines(profile.vmstate.vmsds)} }`;
    return `  ${JSON.stringify(member)}: ${['blocks', 'devices', 'neutralised'].includes(member) ? lines(value as readonly unknown[]) : JSON.stringify(value)}`;
  });
  return `{\n${members.join(',\n')}\n}\n`.replace(
    /[\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A device's payload as bytes. */
export function payloadBytes({ payload }: ProfileDevice): Uint8Array {
  return Uint8Array.from(atob(payload), (char) => char.charCodeAt(0));
}
