// Reads vmdescription JSON into a schema, in one pass and without an intermediate tree. Keys that repeat in one object
// (list fields with two or more elements) are taken in order. A value of an unexpected kind counts as absent; bytes
// that become unreadable by this end up as opaque bytes, not as an error. QEMU: vmsd_desc_field_start(),
// vmstate_save_state_v(), migration/vmstate.c; qemu_savevm_state_complete_precopy_non_iterable(), migration/savevm.c.

import { latin1 } from '../bytes/window.js';
import { badDescription, JsonScanner } from './json-scanner.js';
import { NO_FIELDS, type DescriptionSchema, type DeviceSchema, type FieldSchema, type VmsdSchema } from './schema.js';

/** The first key, as QEMU up to 5.2 writes it, and bytes enough for it. */
const SPACED = /^\{\s*"\w+" :/;
const HEAD = 64;

/** @throws MigrationStreamError code `bad-vmdescription`: not JSON, too deep or too dense, or not of QEMU's shape */
export function parseSchema(json: Uint8Array): DescriptionSchema {
  const scan = new JsonScanner(json);
  let pageSize: number | undefined;
  let configuration: VmsdSchema | undefined;
  let devices: readonly (DeviceSchema | undefined)[] | undefined;
  if (!scan.isObject()) {
    scan.skip();
    scan.end();
    throw badDescription('has no "devices"');
  }
  for (let key = scan.firstKey(); key !== undefined; key = scan.nextKey()) {
    if (key === 'page_size') pageSize = scan.number();
    else if (key === 'configuration' && scan.isObject()) configuration = readVmsd(scan);
    else if (key === 'devices' && scan.isList()) devices = readList(scan, readDevice);
    else scan.skip();
  }
  // A fault of the shape is told only of text that is JSON from its first to its last byte.
  scan.end();
  if (devices === undefined) throw badDescription('has no "devices"');
  if (!devices.every((device) => device !== undefined)) throw badDescription('has a device without name');
  return { pageSize, configuration, devices, spacedColons: SPACED.test(latin1(json, 0, Math.min(json.length, HEAD))) };
}

function readList<T>(scan: JsonScanner, read: (scan: JsonScanner) => T): T[] {
  const list: T[] = [];
  for (let more = scan.firstItem(); more; more = scan.nextItem()) list.push(read(scan));
  return list;
}

/** Undefined without a name. */
function readDevice(scan: JsonScanner): DeviceSchema | undefined {
  if (!scan.isObject()) {
    scan.skip();
    return undefined;
  }
  let name: string | undefined;
  let instanceId = 0;
  let size: number | undefined;
  const vmsd = new VmsdBuilder();
  for (let key = scan.firstKey(); key !== undefined; key = scan.nextKey()) {
    if (key === 'name') name = scan.string();
    else if (key === 'instance_id') instanceId = (scan.number() ?? 0) >>> 0;
    else if (key === 'size') size = count(scan.number());
    else if (!vmsd.take(key, scan)) scan.skip();
  }
  return name === undefined ? undefined : { name, instanceId, size, vmsd: vmsd.build() };
}

/** A `struct` value, a subsection, or the configuration. */
function readVmsd(scan: JsonScanner): VmsdSchema {
  if (!scan.isObject()) {
    scan.skip();
    return UNREADABLE;
  }
  const vmsd = new VmsdBuilder();
  for (let key = scan.firstKey(); key !== undefined; key = scan.nextKey()) if (!vmsd.take(key, scan)) scan.skip();
  return vmsd.build();
}

/** A place without a size in the description: the position of the following bytes is unknown. */
const NO_SIZE: FieldSchema = {
  name: '',
  type: '',
  size: undefined,
  count: undefined,
  index: undefined,
  struct: undefined,
  inline: [],
};
const UNREADABLE: VmsdSchema = { name: '', version: 0, fields: [NO_SIZE], subsections: [] };
const NONE: readonly never[] = [];

function readField(scan: JsonScanner): FieldSchema {
  if (!scan.isObject()) {
    scan.skip();
    return NO_SIZE;
  }
  let name = '';
  let type = '';
  let size: number | undefined;
  let elements: number | undefined;
  let index: number | undefined;
  let struct: VmsdSchema | undefined;
  let inline: VmsdSchema[] | undefined;
  let open: VmsdBuilder | undefined;
  let counted = true;
  for (let key = scan.firstKey(); key !== undefined; key = scan.nextKey()) {
    switch (key) {
      case 'name':
        name = scan.string() ?? '';
        break;
      case 'type':
        type = scan.string() ?? '';
        break;
      case 'size':
        size = count(scan.number());
        break;
      case 'array_len':
        elements = count(scan.number());
        counted = elements !== undefined;
        break;
      case 'index':
        index = count(scan.number());
        break;
      case 'struct':
        struct = readVmsd(scan);
        break;
      default:
        if (open === undefined || open.has(key)) {
          if (open !== undefined) (inline ??= []).push(open.build());
          open = new VmsdBuilder();
        }
        if (!open.take(key, scan)) scan.skip();
    }
  }
  if (open?.used === true) (inline ??= []).push(open.build());
  // An array of unknown length has an unknown size.
  return { name, type, size: counted ? size : undefined, count: elements, index, struct, inline: inline ?? NONE };
}

/**
 * Collects the keys of a vmsd from an object. The object may also have other keys, or contain several vmsds in
 * sequence.
 */
class VmsdBuilder {
  used = false;
  private name: string | undefined;
  private version: number | undefined;
  private fields: readonly FieldSchema[] | undefined;
  private subsections: readonly VmsdSchema[] | undefined;

  /** False, and nothing consumed, for a key that does not belong to a vmsd. */
  take(key: string, scan: JsonScanner): boolean {
    switch (key) {
      case 'vmsd_name':
        this.name = scan.string();
        break;
      case 'version':
        this.version = scan.number();
        break;
      case 'fields':
        if (!scan.isList()) {
          scan.skip();
          this.fields = UNREADABLE.fields;
        } else this.fields = readList(scan, readField);
        break;
      case 'subsections':
        if (!scan.isList()) {
          scan.skip();
          this.subsections = [UNREADABLE];
        } else this.subsections = readList(scan, readVmsd);
        break;
      default:
        return false;
    }
    this.used = true;
    return true;
  }

  /** The key is repeated: it begins the next element. */
  has(key: string): boolean {
    switch (key) {
      case 'vmsd_name':
        return this.name !== undefined;
      case 'version':
        return this.version !== undefined;
      case 'fields':
        return this.fields !== undefined;
      case 'subsections':
        return this.subsections !== undefined;
      default:
        return false;
    }
  }

  build(): VmsdSchema {
    if (!this.used) return NO_FIELDS;
    return {
      name: this.name ?? '',
      version: this.version ?? 0,
      fields: this.fields ?? NONE,
      subsections: this.subsections ?? NONE,
    };
  }
}

/** A size, length or index: an integer from 0 up to, but not including, 2^53. */
function count(value: number | undefined): number | undefined {
  return value !== undefined && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
