// Writes a schema as vmdescription JSON, byte for byte as QEMU writes it, in either of its two spellings. The mirror of
// parse-schema.ts. QEMU: qobject/json-writer.c (6.0 and later), qjson.c (before).

import { Emitter } from '../bytes/emitter.js';
import type { DescriptionSchema, DeviceSchema, FieldSchema, VmsdSchema } from './schema.js';

/**
 * The JSON text. It has everything that a schema holds, and drops keys that QEMU does not write.
 * @throws MigrationStreamError code `cannot-encode` for names with characters that do not fit into one byte
 */
export function formatSchema(description: DescriptionSchema): Uint8Array {
  const out = new Writer(description.spacedColons);
  const text = out.object([
    description.configuration === undefined
      ? undefined
      : ['configuration', out.object(vmsdKeys(out, description.configuration))],
    description.pageSize === undefined ? undefined : ['page_size', String(description.pageSize)],
    ['devices', out.list(description.devices.map((device) => out.object(deviceKeys(out, device))))],
  ]);
  const emitter = new Emitter(undefined, text.length);
  emitter.latin1(text);
  return emitter.bytes;
}

type Key = readonly [string, string] | undefined;

function deviceKeys(out: Writer, device: DeviceSchema): Key[] {
  return [
    ['name', out.string(device.name)],
    ['instance_id', String(device.instanceId)],
    device.size === undefined ? undefined : ['size', String(device.size)],
    ...vmsdKeys(out, device.vmsd),
  ];
}

function vmsdKeys(out: Writer, vmsd: VmsdSchema): Key[] {
  const isOldStyle = vmsd.name === '';
  return [
    isOldStyle ? undefined : ['vmsd_name', out.string(vmsd.name)],
    isOldStyle ? undefined : ['version', String(vmsd.version)],
    isOldStyle && vmsd.fields.length === 0
      ? undefined
      : [
          'fields',
          out.list(
            vmsd.fields.map((field) => out.object(isOldStyle ? oldStyleKeys(out, field) : fieldKeys(out, field))),
          ),
        ],
    vmsd.subsections.length === 0
      ? undefined
      : ['subsections', out.list(vmsd.subsections.map((part) => out.object(vmsdKeys(out, part))))],
  ];
}

function fieldKeys(out: Writer, field: FieldSchema): Key[] {
  return [
    ['name', out.string(field.name)],
    field.index === undefined ? undefined : ['index', String(field.index)],
    field.count === undefined ? undefined : ['array_len', String(field.count)],
    ['type', out.string(field.type)],
    field.struct === undefined ? undefined : ['struct', out.object(vmsdKeys(out, field.struct))],
    ...field.inline.flatMap((table) => vmsdKeys(out, table)),
    field.size === undefined ? undefined : ['size', String(field.size)],
  ];
}

/** In the order of vmstate_save_old_style(): a hand-written device is one field `data`. */
function oldStyleKeys(out: Writer, field: FieldSchema): Key[] {
  return fieldKeys(out, { ...field, size: undefined }).flatMap((key) =>
    key?.[0] === 'type' && field.size !== undefined ? [['size', String(field.size)], key] : [key],
  );
}

class Writer {
  private readonly colon: string;
  private readonly blank: string;

  constructor(spaced: boolean) {
    this.colon = spaced ? ' : ' : ': ';
    this.blank = spaced ? ' ' : '';
  }

  object(keys: readonly Key[]): string {
    const present = keys.filter((key) => key !== undefined);
    return this.around('{', present.map(([key, value]) => `"${key}"${this.colon}${value}`).join(', '), '}');
  }

  list(items: readonly string[]): string {
    return this.around('[', items.join(', '), ']');
  }

  /** JSON text in which characters outside ASCII stay single bytes. */
  string(text: string): string {
    return JSON.stringify(text);
  }

  private around(open: string, inner: string, close: string): string {
    return `${open}${this.blank}${inner}${this.blank}${close}`;
  }
}
