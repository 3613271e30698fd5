// -dump-vmstate: its JSON, reduced to what a predictor needs, each description once (a quarter of the size). QEMU:
// dump_vmstate_json_to_file(), migration/savevm.c. May import types of ops/verify.

import type { Vmsd, VmsdField, VmstateDump } from '../../ops/verify/profile.js';

type Json = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const integer = (value: unknown): number => (typeof value === 'number' && Number.isInteger(value) ? value : 0);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const objects = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.filter(isObject) : []);

/** @throws SyntaxError when it is no JSON; Error when it is not of QEMU's shape */
export function reduceVmstateDump(json: string): VmstateDump {
  const root: unknown = JSON.parse(json);
  if (!isObject(root)) throw new Error('-dump-vmstate wrote no object');
  const vmsds: Vmsd[] = [];
  const places = new Map<string, number>();

  const enter = (description: Json): number => {
    const fields = objects(description['Fields']).map((field): VmsdField => {
      const struct = field['Description'];
      return {
        name: text(field['field']),
        versionId: integer(field['version_id']),
        fieldExists: field['field_exists'] === true,
        size: integer(field['size']),
        ...(field['num'] === undefined ? {} : { num: integer(field['num']) }),
        ...(isObject(struct) ? { struct: enter(struct) } : {}),
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
    const description = isObject(entry) ? entry['Description'] : undefined;
    return isObject(description) ? [[type, enter(description)] as const] : [];
  });
  return { types: Object.fromEntries(types.sort(([a], [b]) => (a < b ? -1 : 1))), vmsds };
}
