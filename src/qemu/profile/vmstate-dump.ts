// -dump-vmstate: its JSON, reduced to what a predictor needs, each description once (a quarter of the size). QEMU:
// dump_vmstate_json_to_file(), migration/savevm.c. May import types of ops/verify.

import { isJsonObject, type JsonObject } from '../../base/json.js';
import type { Vmsd, VmsdField, VmstateDump } from '../../ops/verify/profile.js';

const integer = (value: unknown): number => (typeof value === 'number' && Number.isInteger(value) ? value : 0);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const objects = (value: unknown): readonly JsonObject[] => (Array.isArray(value) ? value.filter(isJsonObject) : []);

/** @throws SyntaxError when it is no JSON; Error when it is not of QEMU's shape */
export function reduceVmstateDump(json: string): VmstateDump {
  const root: unknown = JSON.parse(json);
  if (!isJsonObject(root)) throw new Error('-dump-vmstate wrote no object');
  const vmsds: Vmsd[] = [];
  const places = new Map<string, number>();

  const enter = (description: JsonObject): number => {
    const fields = objects(description['Fields']).map((field): VmsdField => {
      const struct = field['Description'];
      return {
        name: text(field['field']),
        versionId: integer(field['version_id']),
        fieldExists: field['field_exists'] === true,
        size: integer(field['size']),
        ...(field['num'] === undefined ? {} : { num: integer(field['num']) }),
        ...(isJsonObject(struct) ? { struct: enter(struct) } : {}),
      };
    });
    const subsections = objects(description['Subsections']).map(enter);
    const vmsd: Vmsd = {
      name: text(description['name']),
      versionId: integer(description['version_id']),
      minimumVersionId: integer(description['minimum_version_id']),
      fields,
      subsections,
    };
    const key = JSON.stringify(vmsd);
    const known = places.get(key);
    if (known !== undefined) return known;
    places.set(key, vmsds.length);
    return vmsds.push(vmsd) - 1;
  };

  const types = Object.entries(root).flatMap(([type, entry]) => {
    const description = isJsonObject(entry) ? entry['Description'] : undefined;
    return isJsonObject(description) ? [[type, enter(description)] as const] : [];
  });
  return { types: Object.fromEntries(types.sort(([a], [b]) => (a < b ? -1 : 1))), vmsds };
}
