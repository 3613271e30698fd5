// -dump-vmstate, reduced to what a predictor needs, each description once (a quarter of the size).

import type { Vmsd, VmstateDump } from '../../destination/profile.js';
import { readDump, type DumpTable } from '../../vmstate/index.js';

/** @throws SyntaxError when it is no JSON; MigrationStreamError code `bad-vmdescription` when it is not of QEMU's shape */
export function reduceVmstateDump(json: string): VmstateDump {
  const vmsds: Vmsd[] = [];
  const places = new Map<string, number>();

  const enter = ({ name, versionId, minimumVersionId, fields, subsections }: DumpTable): number => {
    const vmsd: Vmsd = {
      name,
      versionId,
      minimumVersionId,
      fields: fields.map(({ count, table, ...field }) => ({
        ...field,
        ...(count === undefined ? {} : { num: count }),
        ...(table === undefined ? {} : { struct: enter(table) }),
      })),
      subsections: subsections.map(enter),
    };
    const key = JSON.stringify(vmsd);
    const known = places.get(key);
    if (known !== undefined) return known;
    places.set(key, vmsds.length);
    return vmsds.push(vmsd) - 1;
  };

  const types = [...readDump(JSON.parse(json), '-dump-vmstate')].map(([type, table]) => [type, enter(table)] as const);
  return { types: Object.fromEntries(types.sort(([a], [b]) => (a < b ? -1 : 1))), vmsds };
}
