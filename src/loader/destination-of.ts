// From a profile to what the simulator asks of a destination.

import { unlessBroken } from '../base/errors.js';
import { parseSchema, type DescriptionSchema, type DumpTable, type VmsdSchema } from '../vmstate/index.js';
import {
  payloadBytes,
  type Profile,
  type ProfileBlock,
  type ProfileDevice,
  type VmstateDump,
} from '../destination/profile.js';
import type { Destination, DestinationBlock, DestinationHandler } from './destination.js';

/** `capabilities`: what will be switched on or off at the destination, over what the profile found. */
export function destinationOf(profile: Profile, capabilities: Readonly<Record<string, boolean>> = {}): Destination {
  const { qemu } = profile;
  const on = new Map([...Object.entries(profile.capabilities), ...Object.entries(capabilities)]);
  const json = profile.vmdescription;
  const description =
    json === null ? undefined : unlessBroken(() => parseSchema(Uint8Array.from(json, (char) => char.charCodeAt(0))));
  return {
    version: qemu.major * 10000 + qemu.minor * 100 + qemu.micro,
    machine: profile.machine,
    capabilities: on,
    uuid: profile.uuid?.replaceAll('-', ''),
    pageBits: Math.log2(profile.targetPageSize),
    legacyPageBits: /^(arm|aarch64)/.test(profile.target) ? 10 : Math.log2(profile.targetPageSize),
    hostPageSize: profile.hostPageSize,
    sendConfiguration: profile.sendConfiguration,
    sectionFooters: profile.sectionFooters,
    suppressVmdescription: description === undefined,
    blocks: profile.blocks.map((block) => blockOf(block, on.get('x-ignore-shared') === true)),
    blocksKnown: profile.known['blocks'] !== 'unknown',
    handlers: [...handlersOf(profile.devices, description), ...unsaved],
    handlersKnown: profile.known['devices'] !== 'unknown',
    blockNodes: new Set(
      profile.argv.flatMap((word) => [...word.matchAll(/(?:^|,)(?:id|node-name)=([^,]+)/g)].map((match) => match[1]!)),
    ),
    tables: profile.vmstate.vmsds.length === 0 ? undefined : new Tables(profile.vmstate),
  };
}

/** ROM blobs can always be resized, also when they are as large as they may become. QEMU: rom_set_mr(), hw/core/loader.c. */
const RESIZABLE = /^\/rom@/;

function blockOf(block: ProfileBlock, ignoreShared: boolean): DestinationBlock {
  const migratable = block.migratable ?? true;
  return {
    name: block.idstr,
    usedLength: block.usedLength,
    maxLength: block.maxLength,
    resizable: block.maxLength > block.usedLength || RESIZABLE.test(block.idstr),
    pageSize: block.pageSize,
    gpa: block.gpa === null ? undefined : BigInt(block.gpa),
    migratable,
    ignored: !migratable || (ignoreShared && block.ignored === true),
  };
}

/** Saved by hand-written code: the description gives the size of the whole. */
function isOldStyle(table: VmsdSchema): boolean {
  return table.name === '';
}

/** Registered in every QEMU, and in a save only with something to save. QEMU: dirty_bitmap_mig_init(), migration/block-dirty-bitmap.c. */
const unsaved: readonly DestinationHandler[] = [
  { idstr: 'dirty-bitmap', instanceId: 0, versionId: 1, kind: 'iterable', schema: undefined, payload: undefined },
];

function handlersOf(
  devices: readonly ProfileDevice[],
  description: DescriptionSchema | undefined,
): DestinationHandler[] {
  return devices.map((device) => {
    const schema = description?.devices.find(
      (one) => one.name === device.idstr && one.instanceId === device.instanceId,
    )?.vmsd;
    return {
      idstr: device.idstr,
      instanceId: device.instanceId,
      versionId: device.versionId,
      kind: device.iterable ? 'iterable' : schema === undefined || isOldStyle(schema) ? 'old' : 'vmsd',
      schema,
      payload: device.iterable ? undefined : payloadBytes(device),
      virtio:
        device.virtio === undefined
          ? undefined
          : { features: BigInt(device.virtio.features), unsure: BigInt(device.virtio.unsure) },
    };
  });
}

/** Names repeat (`serial` of isa-serial is not that of pci-serial): the one whose fields are those of the save is meant. */
class Tables {
  private readonly dump: VmstateDump;
  private readonly byName = new Map<string, number[]>();
  private readonly made = new Map<number, DumpTable>();

  constructor(dump: VmstateDump) {
    this.dump = dump;
    dump.vmsds.forEach(({ name }, index) => {
      const list = this.byName.get(name);
      if (list === undefined) this.byName.set(name, [index]);
      else list.push(index);
    });
  }

  find(schema: VmsdSchema): DumpTable | undefined {
    let best: DumpTable | undefined;
    let bestScore = -1;
    for (const index of this.byName.get(schema.name) ?? []) {
      const table = this.table(index);
      const names = new Set(table.fields.map(({ name }) => name));
      const score =
        schema.fields.filter(({ name }) => names.has(name) || names.has(name.replace(/\[\d+\]$/, ''))).length -
        (table.versionId === schema.version ? 0 : 1000);
      if (score > bestScore || best === undefined) [best, bestScore] = [table, score];
    }
    return best;
  }

  private table(index: number): DumpTable {
    const known = this.made.get(index);
    if (known !== undefined) return known;
    const { name, versionId, minimumVersionId, fields, subsections } = this.dump.vmsds[index]!;
    const table: DumpTable = {
      name,
      versionId,
      minimumVersionId,
      fields: fields.map((field) => ({
        name: field.name,
        versionId: field.versionId,
        fieldExists: field.fieldExists,
        size: field.size,
        count: field.num,
        table: field.struct === undefined ? undefined : this.table(field.struct),
      })),
      subsections: subsections.map((one) => this.table(one)),
    };
    this.made.set(index, table);
    return table;
  }
}
