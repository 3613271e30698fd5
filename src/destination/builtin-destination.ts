// A destination that nobody can ask: a QEMU version and a machine type by name. What such a QEMU has is taken from the
// stream's own lists, as if the destination had been started with the same options; what that leaves open is said in
// the notes.

import { MigrationStreamError } from '../base/errors.js';
import type { ByteSource } from '../bytes/source.js';
import type { RamBlockEntry } from '../wire/ram-block.js';
import { openStream } from '../open/open-stream.js';
import { architectureOf, mainTarget, namesIn, type Architecture } from '../release/architecture.js';
import { behaves } from '../release/behaviours.js';
import { capabilitiesOfRelease } from '../release/capabilities.js';
import { machineInRelease } from '../release/machines.js';
import { versionText, type QemuVersion } from '../release/version.js';
import type { Destination, RamBlockFacts } from './destination.js';
import { SaveCollector, type Save } from './save.js';

export interface BuiltinOptions {
  readonly version: QemuVersion & { readonly micro?: number };
  /** Full name; the stream's own by default. */
  readonly machine?: string | undefined;
  /** Blocks that the destination maps shared (share=on), so that x-ignore-shared leaves them out. */
  readonly shared?: readonly string[];
  /** Ends the work: what waits for it is rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A QEMU of that release, with the machine and the devices of the stream in `source`, which is read once and closed.
 * @throws MigrationStreamError code `io`
 */
export async function builtinDestination(source: ByteSource, options: BuiltinOptions): Promise<Destination> {
  const collector = new SaveCollector();
  const notes: string[] = [];
  try {
    const stream = await openStream(source, { bodies: 'devices', signal: options.signal });
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
function destinationLike(
  save: Save,
  { version, machine, shared = [] }: BuiltinOptions,
  notes: readonly string[] = [],
): Destination {
  const name = machine ?? save.frame?.configuration?.machine ?? '';
  const json = save.vmdescription;
  const architecture = architectureOf(name, json === undefined ? undefined : namesIn(json));
  return {
    created: new Date(0).toISOString(),
    qemu: { major: version.major, minor: version.minor, micro: version.micro ?? 0, package: '' },
    target: architecture === undefined ? '' : mainTarget[architecture],
    machine: name,
    argv: [],
    neutralised: [],
    capabilities: Object.fromEntries(capabilitiesOfRelease(version).map((capability) => [capability, false])),
    uuid: undefined,
    targetPageSize: save.targetPageSize ?? 4096,
    hostPageSize: 4096,
    sendConfiguration: true,
    sectionFooters: true,
    blocks: save.blocks.map(({ entry }) => blockOf(entry, shared, version)),
    save,
    offers: new Map(),
    tables: undefined,
    cpu: { model: null, features: [], accelerator: '' },
    known: {
      machine: 'unknown',
      blocks: 'unknown',
      devices: 'unknown',
      vmdescription: 'unknown',
      vmstate: 'unknown',
      'blocks.ignored': 'unknown',
      uuid: 'unknown',
    },
    notes: [...notes, ...notesFor(version, name, architecture)],
  };
}

function notesFor(version: QemuVersion, machine: string, architecture: Architecture | undefined): string[] {
  const answer = machineInRelease(machine, version, architecture);
  const unsure = answer.kind === 'unknown' || answer.kind === 'distribution' || answer.inferred;
  return [
    ...(unsure ? [`whether QEMU ${versionText(version)} has the machine type ${machine}`] : []),
    'whether the destination has the memory and the devices that the stream lists: they are taken for present, with the same sizes, versions and layouts',
    'which blocks the destination maps shared, what its devices compare with values of their own, how large its firmware is',
  ];
}

/** How large the ACPI blobs may become. QEMU: acpi_setup(), hw/i386/acpi-build.c. */
function maxLength({ idstr, usedLength }: RamBlockEntry, version: QemuVersion): number {
  const most: Readonly<Record<string, number>> = {
    '/rom@etc/acpi/tables': 0x200000,
    '/rom@etc/table-loader': behaves(version, 'large-table-loader') ? 0x10000 : 0x1000,
    '/rom@etc/acpi/rsdp': 0x1000,
  };
  return Math.max(usedLength, most[idstr] ?? 0);
}

function blockOf(block: RamBlockEntry, shared: readonly string[], version: QemuVersion): RamBlockFacts {
  return {
    idstr: block.idstr,
    usedLength: block.usedLength,
    maxLength: maxLength(block, version),
    pageSize: 4096,
    gpa: block.gpa,
    migratable: true,
    ignored: shared.includes(block.idstr),
  };
}
