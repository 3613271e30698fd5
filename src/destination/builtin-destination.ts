// A destination that nobody can ask: a QEMU version and a machine type by name. What such a QEMU has is taken from the
// stream's own lists, as if the destination had been started with the same options; what that leaves open is said in
// the notes.

import { MigrationStreamError } from '../base/errors.js';
import type { ByteSource } from '../bytes/source.js';
import type { RamBlockEntry } from '../wire/ram-block.js';
import { openStream } from '../open/open-stream.js';
import type { QemuVersion } from '../release/version.js';
import type { Destination, RamBlockFacts } from './destination.js';
import { SaveCollector, type Save } from './save.js';

export interface BuiltinOptions {
  readonly version: QemuVersion & { readonly micro?: number };
  /** Full name; the stream's own by default. */
  readonly machine?: string | undefined;
  /** Blocks that the destination maps shared (share=on), so that x-ignore-shared leaves them out. */
  readonly shared?: readonly string[];
}

/** By the release that brought them, and that took them away (exclusive). QEMU: MigrationCapability, qapi/migration.json. */
const capabilities: Readonly<Record<string, readonly [since: number, before?: number]>> = {
  xbzrle: [0],
  'rdma-pin-all': [0],
  'auto-converge': [0],
  'zero-blocks': [0, 1100],
  compress: [0, 901],
  events: [0],
  'postcopy-ram': [0],
  'x-colo': [0],
  'release-ram': [0],
  block: [0, 901],
  'return-path': [0],
  'pause-before-switchover': [0],
  multifd: [0],
  'dirty-bitmaps': [0],
  'postcopy-blocktime': [0],
  'late-block-activate': [0],
  'x-ignore-shared': [400],
  'validate-uuid': [402],
  'background-snapshot': [600],
  'zero-copy-send': [701],
  'postcopy-preempt': [701],
  'switchover-ack': [801],
  'dirty-limit': [801],
  'mapped-ram': [900],
};

/**
 * A QEMU of that release, with the machine and the devices of the stream in `source`, which is read once and closed.
 * @throws MigrationStreamError code `io`
 */
export async function builtinDestination(source: ByteSource, options: BuiltinOptions): Promise<Destination> {
  const collector = new SaveCollector();
  const notes: string[] = [];
  try {
    const stream = await openStream(source, { bodies: 'devices' });
    for await (const event of stream.events()) collector.observe(event);
  } catch (error) {
    if (!(error instanceof MigrationStreamError) || error.code === 'io') throw error;
    notes.push(`what stands behind the place where the stream cannot be read: ${error.message}`);
  } finally {
    await source.close();
  }
  return destinationLike(collector.save, options, notes);
}

/** A QEMU of that release that saved itself as `save`. */
export function destinationLike(
  save: Save,
  { version, machine, shared = [] }: BuiltinOptions,
  notes: readonly string[] = [],
): Destination {
  const release = version.major * 100 + version.minor;
  const name = machine ?? save.frame?.configuration?.machine ?? '';
  return {
    created: new Date(0).toISOString(),
    qemu: { major: version.major, minor: version.minor, micro: version.micro ?? 0, package: '' },
    target: 'x86_64',
    machine: name,
    argv: [],
    neutralised: [],
    capabilities: Object.fromEntries(
      Object.entries(capabilities)
        .filter(([, [since, before]]) => release >= since && (before === undefined || release < before))
        .map(([capability]) => [capability, false]),
    ),
    uuid: undefined,
    targetPageSize: save.targetPageSize ?? 4096,
    hostPageSize: 4096,
    sendConfiguration: true,
    sectionFooters: true,
    blocks: save.blocks.map(({ entry }) => blockOf(entry, shared, release)),
    save,
    offers: new Map(),
    tables: undefined,
    cpu: { model: null, features: [], accelerator: '' },
    known: {
      blocks: 'unknown',
      devices: 'unknown',
      vmdescription: 'unknown',
      vmstate: 'unknown',
      'blocks.ignored': 'unknown',
      uuid: 'unknown',
    },
    notes: [...notes, ...notesFor(version, name)],
  };
}

function notesFor(version: QemuVersion, machine: string): string[] {
  const qemu = `QEMU ${version.major}.${version.minor}`;
  return [
    `whether ${qemu} has the machine type ${machine}`,
    'whether the destination has the memory and the devices that the stream lists: they are taken for present, with the same sizes, versions and layouts',
    'which blocks the destination maps shared, what its devices compare with values of their own, how large its firmware is',
  ];
}

/** How large the ACPI blobs may become. QEMU: acpi_setup(), hw/i386/acpi-build.c; ACPI_BUILD_LOADER_MAX_SIZE grew with 7.2's predecessors (run 5.2, 7.2). */
function maxLength({ idstr, usedLength }: RamBlockEntry, release: number): number {
  const most: Readonly<Record<string, number>> = {
    '/rom@etc/acpi/tables': 0x200000,
    '/rom@etc/table-loader': release < 600 ? 0x1000 : 0x10000,
    '/rom@etc/acpi/rsdp': 0x1000,
  };
  return Math.max(usedLength, most[idstr] ?? 0);
}

function blockOf(block: RamBlockEntry, shared: readonly string[], release: number): RamBlockFacts {
  return {
    idstr: block.idstr,
    usedLength: block.usedLength,
    maxLength: maxLength(block, release),
    pageSize: 4096,
    gpa: block.gpa,
    migratable: true,
    ignored: shared.includes(block.idstr),
  };
}
