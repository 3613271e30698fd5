// The profile of a destination, read and written: JSON in ASCII, so that a fleet can be checked where no QEMU is. Only
// here are bytes base64, tables places in a list, and facts that are not known null.

import { MigrationStreamError } from '../base/errors.js';
import { quote } from '../base/quote.js';
import { latin1, Window } from '../bytes/window.js';
import type { DumpTable } from '../vmstate/index.js';
import { configurationSection } from '../wire/configuration.js';
import { layouts } from '../wire/dialect.js';
import { encodeBytes } from '../wire/kit/codec.js';
import { deviceKey } from '../wire/section.js';
import type { Destination, RamBlockFacts } from './destination.js';
import {
  BadProfile,
  checkProfile,
  type Profile,
  type ProfileBlock,
  type ProfileCommand,
  type ProfileSave,
  type VmstateDump,
} from './profile.js';
import type { Save, SavedCommand, SaveFrame } from './save.js';
import { VmstateTables } from './vmstate-tables.js';

/** @throws BadProfile: no JSON, or no profile */
export function parseProfile(json: string): Destination {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new BadProfile([], `no JSON: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  checkProfile(value);
  const { schemaVersion, kind, uuid, blocks, devices, vmdescription, save, unsavedSectionIds, vmstate, ...facts } =
    value;
  return {
    ...facts,
    uuid: uuid ?? undefined,
    blocks: blocks.map(blockOf),
    save: devices.length === 0 ? undefined : saveOf(value),
    offers: new Map(
      devices.flatMap(({ idstr, instanceId, virtio }) =>
        virtio === undefined
          ? []
          : [[deviceKey(idstr, instanceId), { features: BigInt(virtio.features), unsure: BigInt(virtio.unsure) }]],
      ),
    ),
    tables: tablesOf(vmstate),
  };
}

function blockOf({ gpa, migratable, ignored, ...block }: ProfileBlock): RamBlockFacts {
  return {
    ...block,
    gpa: gpa === null ? undefined : BigInt(gpa),
    migratable: migratable ?? undefined,
    ignored: ignored ?? undefined,
  };
}

function saveOf({ qemu, sectionFooters, targetPageSize, blocks, devices, vmdescription, save }: Profile): Save {
  return {
    frame: save === undefined ? undefined : frameOf(save),
    footers: sectionFooters,
    targetPageSize,
    blocks: blocks
      .filter(({ migratable }) => migratable === true)
      .map(({ idstr, usedLength, gpa, ignored }) => ({
        entry: { idstr, usedLength, ...(gpa === null ? {} : { gpa: BigInt(gpa) }) },
        sent: ignored !== true,
      })),
    sections: devices.map(({ virtio, payload, ...section }) => ({
      ...section,
      payload: bytesOf(payload),
      offset: undefined,
    })),
    vmdescription: vmdescription === null ? undefined : Uint8Array.from(vmdescription, (char) => char.charCodeAt(0)),
    producer: { since: qemu, until: qemu },
    special: undefined,
  };
}

function frameOf({ configuration, layout, early, late }: ProfileSave): SaveFrame {
  const commands = (list: readonly ProfileCommand[]): SavedCommand[] =>
    list.map(({ command, payload }) => ({ command, payload: bytesOf(payload) }));
  try {
    return {
      configuration:
        configuration === null ? undefined : configurationSection.decode(Window.over(bytesOf(configuration))),
      layout: layouts[layout],
      commands: { early: commands(early), late: commands(late) },
    };
  } catch (error) {
    if (!(error instanceof MigrationStreamError)) throw error;
    throw new BadProfile(['save', 'configuration'], error.message);
  }
}

/** References lead to earlier entries: the check has seen to it. */
function tablesOf({ types, vmsds }: VmstateDump): VmstateTables | undefined {
  if (vmsds.length === 0) return undefined;
  const all: DumpTable[] = [];
  for (const { fields, subsections, ...vmsd } of vmsds) {
    all.push({
      ...vmsd,
      fields: fields.map(({ num, struct, ...field }) => ({
        ...field,
        count: num,
        table: struct === undefined ? undefined : all[struct]!,
      })),
      subsections: subsections.map((place) => all[place]!),
    });
  }
  return new VmstateTables(new Map(Object.entries(types).map(([type, place]) => [type, all[place]!])), all);
}

/** QEMU numbers its handlers from 0; a q35 with devices has fewer than 200. */
const MOST_IDS = 0x10000;

/** The document in ASCII: one line for each block, device and vmsd, so that two documents can be compared by eye. */
export function formatProfile(destination: Destination): string {
  const profile = profileOf(destination);
  const lines = (values: readonly unknown[]): string =>
    values.length === 0 ? '[]' : `[\n${values.map((value) => `   ${JSON.stringify(value)}`).join(',\n')}\n  ]`;
  const members = Object.entries(profile).flatMap(([member, value]) => {
    if (value === undefined) return [];
    if (member === 'vmstate')
      return `  "vmstate": { "types": ${JSON.stringify(profile.vmstate.types)}, "vmsds": ${lines(profile.vmstate.vmsds)} }`;
    return `  ${JSON.stringify(member)}: ${['blocks', 'devices', 'neutralised'].includes(member) ? lines(value as readonly unknown[]) : JSON.stringify(value)}`;
  });
  return `{\n${members.join(',\n')}\n}\n`.replace(
    /[\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function profileOf(destination: Destination): Profile {
  const { uuid, blocks, save, offers, tables, created, qemu, target, argv, neutralised, capabilities } = destination;
  const { hostPageSize, machine, targetPageSize, sendConfiguration, sectionFooters, cpu, known, notes } = destination;
  const sections = save?.sections ?? [];
  const ids = new Set(sections.map(({ sectionId }) => sectionId));
  const json = save?.vmdescription;
  return {
    schemaVersion: 1,
    kind: 'mstream-profile',
    created,
    qemu,
    target,
    argv,
    neutralised,
    capabilities,
    uuid: uuid ?? null,
    hostPageSize,
    machine,
    targetPageSize,
    sendConfiguration,
    sectionFooters,
    blocks: blocks.map(({ gpa, migratable, ignored, ...block }) => ({
      ...block,
      gpa: gpa === undefined ? null : hex(gpa),
      migratable: migratable ?? null,
      ignored: ignored ?? null,
    })),
    devices: sections.map(({ idstr, instanceId, versionId, sectionId, iterable, payload }) => {
      const virtio = offers.get(deviceKey(idstr, instanceId));
      return {
        idstr,
        instanceId,
        versionId,
        sectionId,
        iterable,
        payload: base64(payload),
        ...(virtio === undefined ? {} : { virtio: { features: hex(virtio.features), unsure: hex(virtio.unsure) } }),
      };
    }),
    vmdescription: json === undefined ? null : latin1(json, 0, json.length),
    ...(save?.frame === undefined ? {} : { save: frameDocument(save.frame) }),
    unsavedSectionIds: Array.from({ length: Math.min(Math.max(-1, ...ids) + 1, MOST_IDS) }, (_, id) => id).filter(
      (id) => !ids.has(id),
    ),
    vmstate: dumpOf(tables),
    cpu,
    known,
    notes,
  };
}

function frameDocument({ configuration, layout, commands }: SaveFrame): ProfileSave {
  const records = (list: readonly SavedCommand[]): ProfileCommand[] =>
    list.map(({ command, payload }) => ({ command, payload: base64(payload) }));
  return {
    configuration: configuration === undefined ? null : base64(encodeBytes(configurationSection, configuration)),
    layout: layout.name,
    early: records(commands.early),
    late: records(commands.late),
  };
}

function dumpOf(tables: VmstateTables | undefined): VmstateDump {
  const places = new Map(tables?.all.map((table, place) => [table, place]));
  return {
    types: Object.fromEntries([...(tables?.types ?? [])].map(([type, table]) => [type, places.get(table)!])),
    vmsds: (tables?.all ?? []).map(({ name, versionId, minimumVersionId, fields, subsections }) => ({
      name,
      versionId,
      minimumVersionId,
      fields: fields.map(({ count, table, ...field }) => ({
        ...field,
        ...(count === undefined ? {} : { num: count }),
        ...(table === undefined ? {} : { struct: places.get(table)! }),
      })),
      subsections: subsections.map((table) => places.get(table)!),
    })),
  };
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;
const base64 = (bytes: Uint8Array): string => btoa(latin1(bytes, 0, bytes.length));

/** @throws BadProfile */
function bytesOf(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    throw new BadProfile([], `${quote(text.slice(0, 40))} is not base64`);
  }
}
