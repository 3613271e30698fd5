// Arrays of pointers whose description has only their first element (QEMU up to 9.2). When the first pointer is null
// and others are not, the description counts null pointers and does not mention the others. Where the target type of
// the array is known, the bytes tell null pointers from elements. QEMU: vmsd_can_compress(), vmstate_save_state_v(),
// migration/vmstate.c.

import type { DeviceRules } from './rules.js';
import { NULL_MARK } from './scalars.js';
import { vmsdSize, type FieldSchema, type VmsdSchema } from './schema.js';

/**
 * The entries that QEMU 10.0 would have written for such an array: an entry for each run of null pointers and an entry
 * for each element. Undefined when the description is right, or the target type is unknown.
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
