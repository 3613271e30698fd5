// Asking a QEMU what it is: started stopped, from a command line that can do no harm, asked by its monitor, made to
// save itself (what no command says stands in there) and to dump its VMStateDescriptions.

import { join } from 'node:path';
import { MigrationStreamError } from '../../base/errors.js';
import type { Profile, ProfileBlock, ProfileSource, VmstateDump } from '../../destination/profile.js';
import { findOptions } from '../argv.js';
import type { QemuBinary } from '../binary.js';
import { describeFirstCpu } from '../cpu.js';
import { dumpVmstate } from '../dump-vmstate.js';
import type { Machine } from '../machine.js';
import { MigrationFailed, migrateToFile } from '../migrate.js';
import { withNeutralMachine } from '../neutral-machine.js';
import { QemuDied } from '../process.js';
import { QmpError, Timeout } from '../qmp/errors.js';
import { readDonor, type Donor } from './donor.js';
import { hostPageSize } from './host-page-size.js';
import { parseRamblocks, type RamblockRow } from './ramblock.js';
import { withVirtioFeatures } from './virtio-features.js';
import { reduceVmstateDump } from './vmstate-dump.js';

export interface AskOptions {
  /** Milliseconds for each step; 30,000 by default. */
  readonly timeoutMs?: number;
  /** QEMU's working folder; ours by default. */
  readonly cwd?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** What the same executable dumped for the same machine type before: then it is not asked again. */
  readonly vmstate?: VmstateDump | undefined;
}

const TIMEOUT = 30_000;

type Known = Record<string, ProfileSource>;

/** What a QEMU with these options is; nothing of the user's is changed. @throws WillNotStart, QemuDied, QmpError, Timeout, the signal's reason */
export async function askProfile(
  binary: QemuBinary,
  argv: readonly string[],
  options: AskOptions = {},
): Promise<Profile> {
  const { timeoutMs = TIMEOUT, cwd, signal } = options;
  const notes: string[] = [];
  return withNeutralMachine({ binary, argv, cwd, timeoutMs, signal }, async (machine, { changes }) => {
    const [{ arch }, { UUID }, listed, type, ramblocks, cpu] = await Promise.all([
      machine.execute<{ arch: string }>('query-target'),
      machine.execute<{ UUID: string }>('query-uuid'),
      machine.execute('query-migrate-capabilities'),
      machine.execute('qom-get', { path: '/machine', property: 'type' }),
      machine.hmp('info ramblock'),
      describeFirstCpu(machine),
    ]);
    const capabilities = Object.fromEntries(listed.map(({ capability, state }) => [capability, state]));
    const { version } = machine.qmp.greeting;
    const machineType = String(type).replace(/-machine$/, '');
    const dumping =
      options.vmstate === undefined
        ? dumpVmstate(binary, machineType, machine.folder, timeoutMs).then((json) =>
            reduceVmstateDump(json.toString('utf8')),
          )
        : Promise.resolve(options.vmstate);
    const saved = await saveAndRead(machine, capabilities, timeoutMs, notes);
    const virtio =
      saved === undefined
        ? undefined
        : await withVirtioFeatures(saved, { binary, argv, cwd, timeoutMs, signal }, changes, notes);
    const donor = saved === undefined || virtio === undefined ? undefined : { ...saved, devices: virtio.devices };
    const vmstate = await dumping.catch((error: unknown): VmstateDump => {
      notes.push(`-dump-vmstate gave nothing: ${messageOf(error)}`);
      return { types: {}, vmsds: [] };
    });
    const known: Known = {
      qemu: 'qmp',
      target: 'qmp',
      capabilities: 'qmp',
      cpu: 'qmp',
      uuid: 'argv',
      hostPageSize: 'host',
    };
    if (virtio?.source !== undefined) known['devices.virtio'] = virtio.source;
    known['vmstate'] = vmstate.vmsds.length > 0 ? 'dump-vmstate' : 'unknown';
    return {
      schemaVersion: 1,
      kind: 'mstream-profile',
      created: new Date().toISOString(),
      qemu: { ...version.qemu, package: version.package },
      target: arch,
      argv: argv,
      neutralised: changes,
      capabilities,
      uuid: findOptions(argv, 'uuid').length > 0 ? UUID : null,
      hostPageSize: await hostPageSize(),
      ...fromSave(
        donor,
        { machineType, ramblocks: parseRamblocks(ramblocks), given: argv, shared: 'x-ignore-shared' in capabilities },
        known,
      ),
      vmstate,
      cpu,
      known,
      notes,
    };
  });
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Capabilities for the save: as few as can be, and x-ignore-shared, since then the list has addresses. */
async function saveAndRead(
  machine: Machine,
  capabilities: Readonly<Record<string, boolean>>,
  timeoutMs: number,
  notes: string[],
): Promise<Donor | undefined> {
  const file = join(machine.folder, 'donor');
  try {
    await setAll(machine, capabilities, ['events', 'x-ignore-shared']);
    await migrateToFile(machine, file, { timeoutMs });
    return await readDonor(file);
  } catch (error) {
    const expected = [MigrationFailed, QmpError, QemuDied, Timeout, MigrationStreamError];
    if (!expected.some((known) => error instanceof known)) throw error;
    notes.push(
      `this QEMU cannot save itself, so sections, addresses and what is left out are not known: ${messageOf(error)}`,
    );
    return undefined;
  }
}

async function setAll(
  machine: Machine,
  capabilities: Readonly<Record<string, boolean>>,
  on: readonly string[],
): Promise<void> {
  const changed = Object.entries(capabilities).flatMap(([capability, state]) =>
    state === on.includes(capability) ? [] : [{ capability, state: !state }],
  );
  if (changed.length > 0) await machine.execute('migrate-set-capabilities', { capabilities: changed });
}

interface Otherwise {
  readonly machineType: string;
  readonly ramblocks: readonly RamblockRow[];
  readonly given: readonly string[];
  /** This QEMU has x-ignore-shared. */
  readonly shared: boolean;
}

type FromSave = Pick<
  Profile,
  | 'machine'
  | 'targetPageSize'
  | 'sendConfiguration'
  | 'sectionFooters'
  | 'blocks'
  | 'devices'
  | 'vmdescription'
  | 'unsavedSectionIds'
>;

/** What the save says, and where there is none what else does; enters how it is known. */
function fromSave(
  donor: Donor | undefined,
  { machineType, ramblocks, given, shared }: Otherwise,
  known: Known,
): FromSave {
  const seen: ProfileSource = donor === undefined ? 'unknown' : 'save';
  Object.assign(known, {
    devices: seen,
    vmdescription: seen,
    unsavedSectionIds: seen,
    blocks: 'hmp',
    'blocks.migratable': seen,
  });
  Object.assign(known, { 'blocks.gpa': shared ? seen : 'unknown', 'blocks.ignored': shared ? seen : 'unknown' });
  known['machine'] = donor?.configuration === undefined ? 'qmp' : 'save';
  known['targetPageSize'] = donor?.targetPageSize === undefined ? 'host' : 'save';
  known['sendConfiguration'] = known['sectionFooters'] = donor === undefined ? 'argv' : 'save';
  const listed = new Map(donor?.blocks.map((block) => [block.entry.idstr, block]));
  const blocks = ramblocks.map(({ idstr, ...sizes }): ProfileBlock => {
    const block = listed.get(idstr);
    const gpa = block?.entry.gpa;
    return {
      idstr,
      ...sizes,
      gpa: gpa === undefined ? null : `0x${gpa.toString(16)}`,
      migratable: donor === undefined ? null : block !== undefined,
      ignored: donor === undefined || !shared ? null : block === undefined || !block.sent,
    };
  });
  const ids = new Set(donor?.devices.map(({ sectionId }) => sectionId));
  return {
    machine: donor?.configuration?.machine ?? machineType,
    targetPageSize: donor?.targetPageSize ?? 4096,
    sendConfiguration: donor === undefined ? !isOff(given, 'send-configuration') : donor.configuration !== undefined,
    sectionFooters: donor === undefined ? !isOff(given, 'send-section-footer') : donor.footers,
    blocks,
    devices: donor?.devices ?? [],
    vmdescription: donor?.vmdescription ?? null,
    unsavedSectionIds: Array.from({ length: Math.max(-1, ...ids) + 1 }, (_, id) => id).filter((id) => !ids.has(id)),
  };
}

/** -global migration.NAME=off. */
function isOff(argv: readonly string[], property: string): boolean {
  return findOptions(argv, 'global').some(({ value }) =>
    new RegExp(`^migration\\.${property}=(off|no|false)$`).test(value),
  );
}
