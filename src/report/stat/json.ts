// The JSON document of `mstream stat --json`: docs/schema/stat.json.

import type { Stat } from '../../ops/stat/result.js';
import { errorJson } from '../error.js';
import type { JsonObject } from '../inspect/json.js';

export const STAT_SCHEMA_VERSION = 1;

export function statDocument({ states, ...common }: Stat, mstream: string): JsonObject {
  return {
    schemaVersion: STAT_SCHEMA_VERSION,
    kind: 'memory-statistics',
    mstream,
    ...common,
    states: states.map(({ error, size, compressed, records, forms, ...state }) => ({
      ...state,
      error: error === undefined ? null : errorJson(error),
      size: size ?? null,
      compressed: compressed ?? null,
      records: records.map((row) => ({ ...row })),
      forms: { ...forms, compressed: forms.compressed ?? null },
    })),
  };
}
