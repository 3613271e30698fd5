// The schema of device state as plain data: what a vmdescription says of each device, and what our own rules (devices/) say
// of fields that it leaves opaque, in the same words. Names are data and never become code. Mirrors what
// vmstate_save_state_v() and vmsd_desc_field_start() of migration/vmstate.c write. Imports nothing.

/** A table of fields with the subsections that were written: a device, a struct, a subsection, a list element. */
export interface VmsdSchema {
  /** `vmsd_name`; empty for old-style devices and for `"struct": {}`. */
  readonly name: string;
  readonly version: number;
  readonly fields: readonly FieldSchema[];
  /** In stream order; `name` is the whole name, as on the wire. */
  readonly subsections: readonly VmsdSchema[];
}

/** One entry of a field list. */
export interface FieldSchema {
  readonly name: string;
  /** QEMU's type name, or a name of ours (`le16` …) in a table of devices/. */
  readonly type: string;
  /** Bytes of one element, nested fields and subsections included; undefined when the description does not say. */
  readonly size: number | undefined;
  /** `array_len`: so many elements, all described by this entry. */
  readonly count: number | undefined;
  /** `index`: this entry is one element (QEMU up to 9.2; 10.0 to 10.2 leave out the last). Only kept, never relied on. */
  readonly index: number | undefined;
  /** The `struct` wrapper. */
  readonly struct: VmsdSchema | undefined;
  /** Inline tables (tmp, vstruct; one per element of qtailq, qlist, gtree): keys repeat in one JSON object. */
  readonly inline: readonly VmsdSchema[];
  /** Tables of devices/ only: these bytes are not understood, and why. */
  readonly opaque?: string;
  /** Tables of devices/ only: 0 by the standard that lays these bytes out; anything else is not understood. */
  readonly reserved?: string;
}

/** A FULL section as the vmdescription knows it. */
export interface DeviceSchema {
  /** The idstr. */
  readonly name: string;
  readonly instanceId: number;
  /** The `size` key, which only old-style (hand-written) devices have. */
  readonly size: number | undefined;
  readonly vmsd: VmsdSchema;
}

/** A whole vmdescription. */
export interface DescriptionSchema {
  /** Target page size in bytes as written, whatever it is. */
  readonly pageSize: number | undefined;
  /** Since 8.2; read the configuration section by its own rules, this is wrong for two capabilities. */
  readonly configuration: VmsdSchema | undefined;
  readonly devices: readonly DeviceSchema[];
  /** `"key" : value` and blanks inside braces (QEMU up to 5.2), or `"key": value` (6.0 and later). */
  readonly spacedColons: boolean;
}

/** Target page size in bytes that a description gives; undefined where it gives none, or one that no target has. */
export function targetPageSizeOf({ pageSize }: DescriptionSchema): number | undefined {
  return pageSize !== undefined && [1024, 2048, 4096, 8192, 16384, 32768, 65536].includes(pageSize)
    ? pageSize
    : undefined;
}

/** An entry of one value, or of bytes. */
export function plainField(name: string, type: string, size: number): FieldSchema {
  return { name, type, size, count: undefined, index: undefined, struct: undefined, inline: [] };
}

export const NO_FIELDS: VmsdSchema = { name: '', version: 0, fields: [], subsections: [] };

/** Bytes of a subsection's header: mark, length, name, version. */
export function subsectionHeaderSize(name: string): number {
  return 1 + 1 + name.length + 4;
}

/** Bytes of an entry, all elements; undefined when the description does not say or says nonsense. */
export function fieldSize(field: FieldSchema): number | undefined {
  if (field.size === undefined) return undefined;
  const total = field.size * (field.count ?? 1);
  return Number.isSafeInteger(total) ? total : undefined;
}

/**
 * Bytes of a table with its subsections: its own level only, since sizes include what they nest. That of a device's
 * `vmsd` is the length of its payload. Undefined when the description does not say.
 */
export function vmsdSize(vmsd: VmsdSchema): number | undefined {
  let total = 0;
  for (const field of vmsd.fields) {
    const size = fieldSize(field);
    if (size === undefined) return undefined;
    total += size;
  }
  for (const part of vmsd.subsections) {
    const size = vmsdSize(part);
    if (size === undefined || part.name === '') return undefined;
    total += subsectionHeaderSize(part.name) + size;
  }
  return Number.isSafeInteger(total) ? total : undefined;
}
