// Keeps a vmdescription true to the stream that it stands in: devices dropped or renamed, configuration changed. Edits
// the text and leaves every other byte as QEMU wrote it (old and new spacing, repeated keys and all).

import { findNodeAtLocation, parseTree, type Node } from 'jsonc-parser';
import type { Configuration, ConfigurationSubsection } from '../../wire/configuration.js';
import { formatSchema, type DeviceSchema } from '../../vmstate/index.js';
import { latin1 } from '../../bytes/window.js';

export interface DescriptionChanges {
  /** FULL sections that are gone. */
  readonly dropped: readonly { readonly idstr: string; readonly instanceId: number }[];
  readonly renamed: readonly { readonly idstr: string; readonly instanceId: number; readonly to: string }[];
  /** Devices that are described otherwise, under the names of the input. */
  readonly replaced: readonly DeviceSchema[];
  /** The configuration section as it now is, when it was changed. */
  readonly configuration: Configuration | undefined;
}

/** The edited JSON; undefined when it is no JSON of QEMU's shape (then nobody can say what to change). */
export function editDescription(json: Uint8Array, changes: DescriptionChanges): Uint8Array | undefined {
  const text = latin1(json, 0, json.length);
  const root = parseTree(text);
  const devices = root === undefined ? undefined : findNodeAtLocation(root, ['devices']);
  if (root === undefined || devices?.type !== 'array') return undefined;
  const cuts: Replacement[] = [
    { start: devices.offset, end: devices.offset + devices.length, text: devicesText(text, devices, changes) },
  ];
  const configuration = findNodeAtLocation(root, ['configuration']);
  if (configuration !== undefined && changes.configuration !== undefined) {
    cuts.push({
      start: configuration.offset,
      end: configuration.offset + configuration.length,
      text: configurationText(changes.configuration),
    });
  }
  // From the back, so that offsets before a replacement stay true.
  const edited = cuts
    .sort((x, y) => y.start - x.start)
    .reduce((all, cut) => all.slice(0, cut.start) + cut.text + all.slice(cut.end), text);
  return Buffer.from(edited, 'latin1');
}

interface Replacement {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The array with its kept elements, separated as QEMU separated them. */
function devicesText(text: string, array: Node, changes: DescriptionChanges): string {
  const all = array.children ?? [];
  const [first, second] = all;
  const last = all.at(-1);
  if (first === undefined || last === undefined) return text.slice(array.offset, array.offset + array.length);
  const separator = second === undefined ? ', ' : text.slice(first.offset + first.length, second.offset);
  const spaced = /^\{\s*"\w+" :/.test(text);
  const kept = all.map((device) => deviceText(text, device, changes, spaced)).filter((device) => device !== undefined);
  const open = text.slice(array.offset, first.offset);
  return open + kept.join(separator) + text.slice(last.offset + last.length, array.offset + array.length);
}

/** Undefined: dropped. */
function deviceText(text: string, device: Node, changes: DescriptionChanges, spaced: boolean): string | undefined {
  const whole = text.slice(device.offset, device.offset + device.length);
  const name = findNodeAtLocation(device, ['name']);
  const instance: unknown = findNodeAtLocation(device, ['instance_id'])?.value;
  const is = (one: { readonly idstr: string; readonly instanceId: number }): boolean =>
    one.idstr === name?.value && one.instanceId === (typeof instance === 'number' ? instance >>> 0 : 0);
  if (changes.dropped.some(is)) return undefined;
  const renamed = changes.renamed.find(is);
  const replaced = changes.replaced.find((one) => is({ idstr: one.name, instanceId: one.instanceId }));
  if (replaced !== undefined) return describe({ ...replaced, name: renamed?.to ?? replaced.name }, spaced);
  if (renamed === undefined || name === undefined) return whole;
  const at = name.offset - device.offset;
  return whole.slice(0, at) + JSON.stringify(renamed.to) + whole.slice(at + name.length);
}

/** One device in the stream's own spelling. */
function describe(device: DeviceSchema, spacedColons: boolean): string {
  const json = formatSchema({ pageSize: undefined, configuration: undefined, devices: [device], spacedColons });
  const list = latin1(json, 0, json.length);
  return list.slice(list.indexOf('[') + 1, list.lastIndexOf(']')).trim();
}

/** As QEMU 8.2 and later describe their configuration section. */
function configurationText(configuration: Configuration): string {
  const fields = [field('len', 'uint32', 4), field('name', 'buffer', configuration.machine.length)];
  const parts = configuration.subsections.map(subsectionText).filter((part) => part !== undefined);
  return `{"vmsd_name": "configuration", "version": 1, "fields": [${fields.join(', ')}]${parts.length === 0 ? '' : `, "subsections": [${parts.join(', ')}]`}}`;
}

function subsectionText(part: ConfigurationSubsection): string | undefined {
  const object = (name: string, fields: string[]): string =>
    `{"vmsd_name": "configuration/${name}", "version": ${part.version}, "fields": [${fields.join(', ')}]}`;
  switch (part.kind) {
    case 'target-page-bits':
      return object(part.kind, [field('target_page_bits', 'uint32', 4)]);
    case 'capabilities':
      return object(part.kind, [
        field('caps_count', 'uint32', 4),
        field('capabilities', 'capability', 1 + (part.names[0]?.length ?? 0), part.names.length),
      ]);
    case 'uuid':
      return object(part.kind, [field('uuid.data', 'uint8', 1, 16)]);
    case 'unknown':
      return undefined;
  }
}

function field(name: string, type: string, size: number, elements = 1): string {
  return `{"name": "${name}", ${elements === 1 ? '' : `"array_len": ${elements}, `}"type": "${type}", "size": ${size}}`;
}
