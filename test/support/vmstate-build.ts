// Descriptions by hand, as QEMU writes them, and the trees of payloads under them.

import { decodeDevice } from '../../src/devices/index.js';
import { leaves, parseSchema, type DeviceSchema, type DeviceState, type Leaf } from '../../src/vmstate/index.js';

/** A device whose `fields` (and `subsections`) are JSON text. */
export function deviceOf(fields: string, subsections = '', name = 'dev'): DeviceSchema {
  const parts = subsections === '' ? '' : `, "subsections": [${subsections}]`;
  const json = `{"page_size": 4096, "devices": [{"name": "${name}", "instance_id": 0, "vmsd_name": "${name}", "version": 1, "fields": [${fields}]${parts}}]}`;
  return parseSchema(Buffer.from(json, 'latin1')).devices[0]!;
}

/** The tree of hex bytes (blanks allowed). */
export function decodeHex(device: DeviceSchema, hex: string, base = 0): DeviceState {
  return decodeDevice(device, Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex')), base);
}

/** `path=value` of every leaf; bytes in hex, opaque ones with `?`, framing with `#`. */
export function show(state: DeviceState): string[] {
  return [...leaves(state.root)].map(line);
}

function line(leaf: Leaf): string {
  const { value } = leaf;
  const text =
    value instanceof Uint8Array
      ? Buffer.from(value).toString('hex')
      : typeof value === 'bigint'
        ? `${value}n`
        : String(value);
  return `${leaf.path}${{ field: '=', frame: '#', unused: '-', opaque: '?' }[leaf.role]}${text}`;
}

/** A header as it stands before a subsection, in hex. */
export function header(name: string, version = 1): string {
  return `05${name.length.toString(16).padStart(2, '0')}${Buffer.from(name, 'latin1').toString('hex')}${version.toString(16).padStart(8, '0')}`;
}
