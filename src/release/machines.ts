// Machine types by release and architecture. A versioned machine type comes with its release; old ones were removed by
// hand up to 10.0, and go by a rule since. The end-to-end test compares every row with `-M help` of the lab's QEMUs.

import type { Architecture } from './architecture.js';
import type { ReleaseText } from './fact.js';
import {
  atLeast,
  compareVersions,
  NEWEST,
  parseVersion,
  release,
  releases,
  type QemuVersion,
  type ReleaseRange,
} from './version.js';

/** Machine types of a family up to `through` are in no release from `gone` on. */
interface Removal {
  readonly through: ReleaseText;
  readonly gone: ReleaseText;
  /** The last release known to have them, where that is not the one right before `gone`. '': not known. */
  readonly kept?: ReleaseText | '';
  readonly source: string;
}

interface MachineFamily {
  /** The name without the version. */
  readonly prefix: string;
  readonly architecture: Architecture;
  readonly first: ReleaseText;
  readonly removals: readonly Removal[];
  /** Names beside the rule: the release that they go with, and the one that brought them. */
  readonly also?: Readonly<Record<string, { readonly like: ReleaseText; readonly since: ReleaseText }>>;
  readonly source: string;
}

const LAB = '-M help of the lab: 5.2, 7.2, 10.0, 11.1';
const REMOVED = 'docs/about/removed-features.rst';

export const machineFamilies: readonly MachineFamily[] = [
  {
    prefix: 'pc-i440fx-',
    architecture: 'x86',
    first: '1.4',
    removals: [
      { through: '1.7', gone: '8.2', source: REMOVED },
      { through: '2.3', gone: '9.1', kept: '8.2', source: `${REMOVED}; deprecated in 8.2, ${LAB}` },
    ],
    source: `hw/i386/pc_piix.c; ${LAB}`,
  },
  {
    prefix: 'pc-q35-',
    architecture: 'x86',
    first: '1.4',
    removals: [{ through: '2.3', gone: '4.0', kept: '', source: 'run: -M help of 4.0.0' }],
    also: { 'pc-q35-4.0.1': { like: '4.0', since: '4.1' } },
    source: `hw/i386/pc_q35.c; ${LAB}`,
  },
  {
    // The names before pc-i440fx-1.4: pc-0.10 to pc-1.3.
    prefix: 'pc-',
    architecture: 'x86',
    first: '0.10',
    removals: [
      { through: '0.11', gone: '4.0', source: REMOVED },
      { through: '0.15', gone: '5.2', kept: '4.1', source: `${REMOVED}; run: -M help of 4.1.0 and 5.2` },
      { through: '1.3', gone: '6.0', source: REMOVED },
    ],
    source: `hw/i386/pc_piix.c; ${LAB}`,
  },
  { prefix: 'virt-', architecture: 'arm', first: '2.6', removals: [], source: `hw/arm/virt.c; ${LAB}` },
  { prefix: 'virt-', architecture: 'm68k', first: '6.0', removals: [], source: 'hw/m68k/virt.c; -M help of 7.2' },
  {
    prefix: 'pseries-',
    architecture: 'ppc',
    first: '2.1',
    removals: [{ through: '2.12', gone: '10.0', kept: '9.0', source: `deprecated in 9.0; ${LAB}` }],
    also: { 'pseries-2.12-sxxm': { like: '2.12', since: '2.12' } },
    source: `hw/ppc/spapr.c; ${LAB}`,
  },
  {
    prefix: 's390-ccw-virtio-',
    architecture: 's390x',
    first: '2.4',
    removals: [{ through: '2.8', gone: '10.0', source: `hw/s390x/s390-virtio-ccw.c, January 2025; ${LAB}` }],
    source: `hw/s390x/s390-virtio-ccw.c; ${LAB}`,
  },
];

/**
 * Since 10.1 a machine type is not registered six major releases after its own.
 * QEMU: MACHINE_VER_DELETION, include/hw/boards.h.
 */
const DELETION = { since: release('10.1'), majors: 6 };

/** Versions that machine types have and no release of `releases` has: older ones. */
const OLDER = ['0.10', '0.11', '0.12', '0.13', '0.14', '0.15', '1.0', '1.1', '1.2', '1.3', '1.4', '1.5', '1.6', '1.7'];
const versions: readonly QemuVersion[] = [...OLDER.map(release), ...releases];

export type MachineAnswer =
  /** `inferred`: by QEMU's rule, no -M help of that release was read. */
  | { readonly kind: 'has'; readonly inferred: boolean }
  | { readonly kind: 'newer'; readonly since: QemuVersion; readonly inferred: boolean }
  | { readonly kind: 'gone'; readonly until: QemuVersion | undefined; readonly inferred: boolean }
  /** A name that a distribution gave: what its QEMU has, no table says. */
  | { readonly kind: 'distribution' }
  /** A machine type without versions, or a name that no table has. */
  | { readonly kind: 'unknown' };

/** Releases whose -M help was read, by the lab or by a run. */
const READ: readonly ReleaseText[] = ['4.0', '4.1', '5.2', '7.2', '10.0', '11.1'];

interface MachineType {
  readonly family: MachineFamily;
  /** The release that brought it. */
  readonly since: QemuVersion;
  /** The release that it goes with. */
  readonly like: QemuVersion;
}

/** Does a QEMU of that release have that machine type? `architecture` undefined: not known. */
export function machineInRelease(
  machine: string,
  version: QemuVersion,
  architecture: Architecture | undefined,
): MachineAnswer {
  const types = machineTypes(machine, architecture);
  if (types.length === 0) return { kind: isDistributionMachine(machine) ? 'distribution' : 'unknown' };
  const answers = types.map((type) => answerOf(type, version));
  const [first] = answers;
  return first !== undefined && answers.every(({ kind }) => kind === first.kind) ? first : { kind: 'unknown' };
}

/** Releases that are known to have it. Undefined: a name without a version, or of a distribution. */
export function machineRange(machine: string, architecture: Architecture | undefined): ReleaseRange | undefined {
  const [type, second] = machineTypes(machine, architecture);
  if (type === undefined || second !== undefined) return undefined;
  return { since: type.since, until: lastWith(type) };
}

/** The version at the end of a machine type's name: 4.0 of pc-q35-4.0.1, whatever release brought it. */
export function versionInMachine(machine: string): QemuVersion | undefined {
  return parseVersion(/-(\d+\.\d+(?:\.\d+)?)$/.exec(machine)?.[1] ?? '');
}

/** A name that only a QEMU of a distribution has: pc-q35-rhel9.6.0, pc-i440fx-bionic, pc-i440fx-9.2+pve1. */
export function isDistributionMachine(machine: string): boolean {
  if (/^rhel\d|^ubuntu(?:-|$)|\+pve\d*$/.test(machine)) return true;
  const family = machineFamilies.find(({ prefix }) => prefix !== 'pc-' && machine.startsWith(prefix));
  return family !== undefined && !/^\d+(?:\.\d+)*$/.test(machine.slice(family.prefix.length)) && !isAlso(machine);
}

/** Do machine types of that name have versions, so that the name alone is an alias of the newest? */
export function isMachineAlias(machine: string, architecture: Architecture | undefined): boolean {
  if (machine === 'pc' || machine === 'q35') return true;
  return machineFamilies.some((family) => family.architecture === architecture && family.prefix === `${machine}-`);
}

function isAlso(machine: string): boolean {
  return machineFamilies.some(({ also }) => also !== undefined && Object.hasOwn(also, machine));
}

function machineTypes(machine: string, architecture: Architecture | undefined): MachineType[] {
  return machineFamilies.flatMap((family) => {
    if (architecture !== undefined && family.architecture !== architecture) return [];
    const extra = family.also !== undefined && Object.hasOwn(family.also, machine) ? family.also[machine] : undefined;
    if (extra !== undefined) return [{ family, since: release(extra.since), like: release(extra.like) }];
    const text = machine.startsWith(family.prefix) ? machine.slice(family.prefix.length) : '';
    if (!/^\d{1,3}\.\d{1,3}$/.test(text)) return [];
    const version = release(text);
    const known = versions.some((entry) => compareVersions(entry, version) === 0) || !atLeast(NEWEST, version);
    return known && atLeast(version, release(family.first)) && fits(family, version)
      ? [{ family, since: version, like: version }]
      : [];
  });
}

/** The family pc- ended with pc-1.3, and pc-i440fx- began with 1.4. */
function fits({ prefix }: MachineFamily, version: QemuVersion): boolean {
  return prefix !== 'pc-' || !atLeast(version, release('1.4'));
}

function answerOf(type: MachineType, version: QemuVersion): MachineAnswer {
  const inferred = !READ.some((read) => compareVersions(release(read), version) === 0);
  if (!atLeast(version, type.since)) return { kind: 'newer', since: type.since, inferred };
  const until = lastWith(type);
  const removal = removalOf(type);
  if (removal !== undefined && atLeast(version, release(removal.gone))) return { kind: 'gone', until, inferred };
  if (isExpired(type.like, version)) return { kind: 'gone', until, inferred };
  if (removal?.kept !== undefined && (until === undefined || !atLeast(until, version))) return { kind: 'unknown' };
  return { kind: 'has', inferred };
}

function removalOf({ family, like }: MachineType): Removal | undefined {
  return family.removals.find(({ through }) => atLeast(release(through), like));
}

/** The last release that is known to have it. Undefined: the newest has it, or nothing is known. */
function lastWith(type: MachineType): QemuVersion | undefined {
  const removal = removalOf(type);
  if (removal?.kept !== undefined) return removal.kept === '' ? undefined : release(removal.kept);
  const last = releases.findLast(
    (candidate) =>
      !isExpired(type.like, candidate) && (removal === undefined || !atLeast(candidate, release(removal.gone))),
  );
  return last === undefined || compareVersions(last, NEWEST) === 0 ? undefined : last;
}

/** QEMU: MACHINE_VER_SHOULD_DELETE, include/hw/boards.h. */
function isExpired(machine: QemuVersion, version: QemuVersion): boolean {
  if (!atLeast(version, DELETION.since)) return false;
  const age = version.major - machine.major;
  return age > DELETION.majors || (age === DELETION.majors && version.minor >= machine.minor);
}
