// The schema of device state as plain data: the description of each device in a vmdescription, and, in the same form,
// the rules of devices/ for fields that the description leaves opaque. Names are data and never become code. The schema
// mirrors what vmstate_save_state_v() and vmsd_desc_field_start() of migration/vmstate.c write.

/** A table of fields with the subsections that were written: a device, a struct, a subsection, or a list element. */
export interface VmsdSchema {
  /** `vmsd_name`; empty for old-style devices and for `"struct": {}`. */
  readonly name: string;
  readonly version: number;
  readonly fields: readonly FieldSchema[];
  /** In stream order; `name` is the full name, as on the wire. */
  readonly subsections: readonly VmsdSchema[];
}

/** One entry of a field list. */
export interface FieldSchema {
  readonly name: string;
  /** QEMU's type name, or a name of this package (`le16` …) in a table of devices/. */
  readonly type: string;
  /** Bytes of one element, including nested fields and subsections; undefined when the description does not give it. */
  readonly size: number | undefined;
  /** `array_len`: number of elements, all described by this entry. */
  readonly count: number | undefined;
  /**
   * `index`: this entry is one element (QEMU up to 9.2; 10.0 to 10.2 leave out the last). It is only kept, never relied
   * on.
   */
  readonly index: number | undefined;
  /** The `struct` wrapper. */
  readonly struct: VmsdSchema | undefined;
  /**
   * Inline tables (tmp, vstruct; for qtailq, qlist and gtree one table per element): keys repeat in one JSON object.
   */
  readonly inline: readonly VmsdSchema[];
  /** Tables of devices/ only: the reason why these bytes are not understood. */
  readonly opaque?: string;
  /** Tables of devices/ only: the standard that defines these bytes says 0; any other value is not understood. */
  readonly reserved?: string;
}

/** The description of a FULL section in the vmdescription. */
export interface DeviceSchema {
  /** The idstr. */
  readonly name: string;
  readonly instanceId: number;
  /** The `size` key; only old-style (hand-written) devices have it. */
  readonly size: number | undefined;
  readonly vmsd: VmsdSchema;
}

/** A whole vmdescription. */
export interface DescriptionSchema {
  /** Target page size in bytes, as written and unchecked. */
  readonly pageSize: number | undefined;
  /**
   * Since 8.2. For a section with two capabilities this description is wrong, so read the configuration section by its
   * own rules.
   */
  readonly configuration: VmsdSchema | undefined;
  readonly devices: readonly DeviceSchema[];
  /** `"key" : value` and blanks inside braces (QEMU up to 5.2), or `"key": value` (6.0 and later). */
  readonly spacedColons: boolean;
}

/** Target page size in bytes in a description; undefined where it is missing, or where no target has such a size. */
export function targetPageSizeOf({ pageSize }: DescriptionSchema): number | undefined {
  return pageSize !== undefined && [1024, 2048, 4096, 8192, 16384, 32768, 65536].includes(pageSize)
    ? pageSize
    : undefined;
}

/** An entry with a single value, or with bytes. */
export function plainField(name: string, type: string, size: number): FieldSchema {
  return { name, type, size, count: undefined, index: undefined, struct: undefined, inline: [] };
}

export const NO_FIELDS: VmsdSchema = { name: '', version: 0, fields: [], subsections: [] };

/** Bytes of a subsection's header: mark, length, name, version. */
export function subsectionHeaderSize(name: string): number {
  return 1 + 1 + name.length + 4;
}

/** Bytes of an entry with all its elements; undefined when the description gives no size or an impossible size. */
export function fieldSize(field: FieldSchema): number | undefined {
  if (field.size === undefined) return undefined;
  const total = field.size * (field.count ?? 1);
  return Number.isSafeInteger(total) ? total : undefined;
}

/**
 * Bytes of a table with its subsections. Only the entries of the table itself are added up, because their sizes include
 * nested entries. For the `vmsd` of a device the sum is the length of its payload. Undefined when the description does
 * not give it.
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
