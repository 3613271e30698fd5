// The profile document: its shape, and the check that a JSON value has it (docs/schema/profile.json). document.ts turns
// it into a destination and back.

import { checks } from '../base/shape.js';
import { MAX_PROFILE_DEPTH } from '../limits.js';
import { layouts, type LayoutName } from '../wire/dialect.js';
import type { Destination, RamBlockFacts } from './destination.js';
import type { SavedCommand, SavedSection } from './save.js';

/** null: not known. */
export interface ProfileBlock extends Omit<RamBlockFacts, 'gpa' | 'migratable' | 'ignored'> {
  /** 0x… */
  readonly gpa: string | null;
  readonly migratable: boolean | null;
  readonly ignored: boolean | null;
}

/** A section of what this QEMU saved of itself. */
export interface ProfileDevice extends Omit<SavedSection, 'payload' | 'offset'> {
  /** Base64; empty for an iterable section. */
  readonly payload: string;
  /** Feature bits, 0x…; absent: no virtio device, or not known. */
  readonly virtio?: { readonly features: string; readonly unsure: string };
}

export interface ProfileCommand extends Pick<SavedCommand, 'command'> {
  /** Base64. */
  readonly payload: string;
}

/** What surrounds the sections of that save. */
export interface ProfileSave {
  /** The configuration section behind its type byte, base64; null: there is none. */
  readonly configuration: string | null;
  /** Of the block list's entries. */
  readonly layout: LayoutName;
  /** Commands before the END of RAM, and behind it. */
  readonly early: readonly ProfileCommand[];
  readonly late: readonly ProfileCommand[];
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

export interface Profile extends Omit<Destination, 'uuid' | 'blocks' | 'save' | 'offers' | 'tables'> {
  readonly schemaVersion: 1;
  readonly kind: 'mstream-profile';
  /** null: the command line gives none. */
  readonly uuid: string | null;
  readonly blocks: readonly ProfileBlock[];
  /** In the order of a save; empty: this QEMU could not save itself. */
  readonly devices: readonly ProfileDevice[];
  /** The vmdescription of that save, one character a byte; null: there was none. */
  readonly vmdescription: string | null;
  /** Absent: written by an mstream that did not keep it. */
  readonly save?: ProfileSave;
  /** Section ids below the highest that no section of the save has: registered, but not needed or gone. */
  readonly unsavedSectionIds: readonly number[];
  readonly vmstate: VmstateDump;
}

/** A text that is not a profile. */
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
const commands = list(object({ command: between(0, 0xffff), payload: base64 }));
const features = matching('feature bits 0x…', /^0x(0|[1-9a-f][0-9a-f]{0,31})$/);

const profile = object(
  {
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
  },
  {
    save: object({
      configuration: nullable(base64),
      layout: oneOf(...Object.keys(layouts)),
      early: commands,
      late: commands,
    }),
  },
);

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
