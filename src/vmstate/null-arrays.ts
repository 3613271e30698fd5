// Arrays of pointers that QEMU up to 9.2 describes by their first element only: when that one is null and others are
// not, the description counts null pointers and is silent about the rest. Where we know what the array points to, the
// bytes tell which are which. QEMU: vmsd_can_compress(), vmstate_save_state_v(), migration/vmstate.c.

import type { DeviceRules } from './rules.js';
import { NULL_MARK } from './scalars.js';
import { vmsdSize, type FieldSchema, type VmsdSchema } from './schema.js';

/**
 * The entries that 10.0 would have written for such an array, one for each run of null pointers and one for each
 * element; undefined when the description is right, or nobody knows better.
 */
export function missedElements(
  rules: DeviceRules,
  vmsd: VmsdSchema,
  field: FieldSchema,
  bytes: Uint8Array,
  start: number,
  end: number,
): FieldSchema[] | undefined {
  const { count, size, struct, type } = field;
  if (count === undefined || size !== 1 || type !== 'struct' || (struct !== undefined && struct.fields.length > 0))
    return undefined;
  const element = rules.pointedTable(vmsd.name, field.name);
  const elementSize = element === undefined ? undefined : vmsdSize(element);
  if (element === undefined || elementSize === undefined) return undefined;
  const entries: FieldSchema[] = [];
  let nulls = 0;
  let at = start;
  for (let i = 0; i < count; i += 1) {
    if (at >= end) return undefined;
    if (bytes[at] === NULL_MARK) {
      nulls += 1;
      at += 1;
      continue;
    }
    if (nulls > 0) entries.push({ ...field, type: 'nullptr', struct: undefined, count: nulls });
    entries.push({ ...field, struct: element, size: elementSize, count: undefined });
    nulls = 0;
    at += elementSize;
  }
  if (entries.length === 0 || at > end) return undefined;
  if (nulls > 0) entries.push({ ...field, type: 'nullptr', struct: undefined, count: nulls });
  return entries;
}
