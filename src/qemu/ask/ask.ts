// What a QEMU is, asked of itself: started stopped from a command line that can do no harm, questioned by its monitor,
// made to save itself (no command tells what that save shows) and to dump its VMStateDescriptions.

import { join } from 'node:path';
import { MigrationStreamError } from '../../base/errors.js';
import { openFile } from '../../bytes/node/file-source.js';
import type { Destination, KnownBy, RamBlockFacts } from '../../destination/destination.js';
import { readSave, type Save } from '../../destination/save.js';
import { readVmstateTables, type VmstateTables } from '../../destination/vmstate-tables.js';
import { findOptions } from '../argv.js';
import type { QemuBinary } from '../binary.js';
import { describeFirstCpu } from '../cpu.js';
import { dumpVmstate } from '../dump-vmstate.js';
import type { Machine } from '../machine.js';
import { MigrationFailed, migrateToFile } from '../migrate.js';
import { withNeutralMachine } from '../neutral-machine.js';
import { parseParameter } from '../parameter.js';
import { QemuDied } from '../process.js';
import { QmpError, Timeout } from '../qmp/errors.js';
import { hostPageSize } from './host-page-size.js';
import { parseRamblocks, type RamblockRow } from './ramblock.js';
import { virtioOffers } from './virtio-features.js';

export interface AskOptions {
  /** Milliseconds for each step; 30,000 by default. */
  readonly timeoutMs?: number;
  /** QEMU's working folder; ours by default. */
  readonly cwd?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** What the same executable dumped for the same machine type before: then it is not asked again. */
  readonly tables?: VmstateTables | undefined;
  /** Where the save appears, for whoever needs it afterwards; by default it goes with the QEMU. */
  readonly saveTo?: string | undefined;
}

const TIMEOUT = 30_000;

/** Capabilities of the save: as few as can be, and x-ignore-shared, since its block list has addresses. */
export function saveCapabilities({ capabilities }: Pick<Destination, 'capabilities'>): readonly string[] {
  return 'x-ignore-shared' in capabilities ? ['x-ignore-shared'] : [];
}

/**
 * What a QEMU with these options is; nothing of the user's is changed. What it does not tell is in `notes`.
 * @throws Refused, QemuDied, QmpError, Timeout, the signal's reason
 */
export async function askDestination(
  binary: QemuBinary,
  argv: readonly string[],
  options: AskOptions = {},
): Promise<Destination> {
  const { timeoutMs = TIMEOUT, cwd, signal } = options;
  const notes: string[] = [];
  const described = withVmdescription(argv);
  return withNeutralMachine({ binary, argv: described, cwd, timeoutMs, signal }, async (machine, { changes }) => {
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
    // Caught at once: it may fail while the save is awaited.
    const dumping = options.tables ?? tablesOf(binary, machineType, machine.folder, timeoutMs).catch(messageOf);
    const save = await saveAndRead(machine, capabilities, options, notes);
    const virtio =
      save === undefined
        ? undefined
        : await virtioOffers(save, { binary, argv, cwd, timeoutMs, signal }, changes, notes);
    const dumped = await dumping;
    const tables = typeof dumped === 'string' ? undefined : dumped;
    if (typeof dumped === 'string')
      notes.push(
        `-dump-vmstate gave nothing, so what this QEMU could load beyond what its own save shows is not known: ${dumped}`,
      );
    const known: Record<string, KnownBy> = {
      qemu: 'qmp',
      target: 'qmp',
      capabilities: 'qmp',
      cpu: 'qmp',
      uuid: 'argv',
      hostPageSize: 'host',
      ...(virtio?.source === undefined ? {} : { 'devices.virtio': virtio.source }),
      vmstate: tables === undefined ? 'unknown' : 'dump-vmstate',
    };
    const rows = parseRamblocks(ramblocks);
    const facts = fromSave(save, machineType, rows, argv, 'x-ignore-shared' in capabilities);
    return {
      created: new Date().toISOString(),
      qemu: { ...version.qemu, package: version.package },
      target: arch,
      argv,
      neutralised: changes,
      capabilities,
      uuid: findOptions(argv, 'uuid').length > 0 ? UUID : undefined,
      hostPageSize: await hostPageSize(),
      ...facts,
      save,
      offers: virtio?.offers ?? new Map(),
      tables,
      cpu,
      known: { ...known, ...facts.known },
      notes,
    };
  });
}

async function tablesOf(
  binary: QemuBinary,
  machineType: string,
  folder: string,
  timeoutMs: number,
): Promise<VmstateTables> {
  return readVmstateTables(await dumpVmstate(binary, machineType, folder, timeoutMs));
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function saveAndRead(
  machine: Machine,
  capabilities: Readonly<Record<string, boolean>>,
  { timeoutMs = TIMEOUT, signal, saveTo = join(machine.folder, 'save') }: AskOptions,
  notes: string[],
): Promise<Save | undefined> {
  try {
    await setAll(machine, capabilities, ['events', ...saveCapabilities({ capabilities })]);
    await migrateToFile(machine, saveTo, { timeoutMs, signal });
    const source = await openFile(saveTo);
    return await readSave(source).finally(() => source.close());
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

type FromSave = Pick<
  Destination,
  'machine' | 'targetPageSize' | 'sendConfiguration' | 'sectionFooters' | 'blocks' | 'known'
>;

/**
 * What the save says; where there is none, the monitor and the command line. `shared`: this QEMU has x-ignore-shared.
 */
function fromSave(
  save: Save | undefined,
  machineType: string,
  rows: readonly RamblockRow[],
  argv: readonly string[],
  shared: boolean,
): FromSave {
  const seen: KnownBy = save === undefined ? 'unknown' : 'save';
  const configuration = save?.frame?.configuration;
  const listed = new Map(save?.blocks.map((block) => [block.entry.idstr, block]));
  const blocks = rows.map((row): RamBlockFacts => {
    const block = listed.get(row.idstr);
    return {
      ...row,
      gpa: block?.entry.gpa,
      migratable: save === undefined ? undefined : block !== undefined,
      ignored: save === undefined || !shared ? undefined : block?.sent !== true,
    };
  });
  return {
    machine: configuration?.machine ?? machineType,
    targetPageSize: save?.targetPageSize ?? 4096,
    sendConfiguration: save === undefined ? !isOff(argv, 'send-configuration') : configuration !== undefined,
    sectionFooters: save === undefined ? !isOff(argv, 'send-section-footer') : save.footers,
    blocks,
    known: {
      devices: seen,
      vmdescription: seen,
      unsavedSectionIds: seen,
      blocks: 'hmp',
      'blocks.migratable': seen,
      'blocks.gpa': shared ? seen : 'unknown',
      'blocks.ignored': shared ? seen : 'unknown',
      machine: configuration === undefined ? 'qmp' : 'save',
      targetPageSize: save?.targetPageSize === undefined ? 'host' : 'save',
      sendConfiguration: save === undefined ? 'argv' : 'save',
      sectionFooters: save === undefined ? 'argv' : 'save',
    },
  };
}

/** The machine without suppress-vmdesc=on: the fields of its devices stand in the vmdescription of its save only. */
function withVmdescription(argv: readonly string[]): string[] {
  const words = [...argv];
  for (const { index, value } of findOptions(argv, 'M', 'machine')) {
    const machine = parseParameter(value, 'type');
    if (machine.get('suppress-vmdesc') !== undefined)
      words[index + 1] = machine.changed({ 'suppress-vmdesc': undefined });
  }
  return words;
}

/** -global migration.NAME=off. */
function isOff(argv: readonly string[], property: string): boolean {
  return findOptions(argv, 'global').some(({ value }) =>
    new RegExp(`^migration\\.${property}=(off|no|false)$`).test(value),
  );
}
