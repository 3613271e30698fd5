// Every captured stream with a vmdescription: all device bytes in leaves, values back to the same bytes, the schema
// back to the same JSON, and how much nobody understands.

import { describe, expect, test } from 'vitest';
import { coverageOf } from '../../../src/devices/index.js';
import { encodeDevice, formatSchema, leaves } from '../../../src/vmstate/index.js';
import { fixtureBytes, fixtureNames } from '../../support/fixtures.js';
import { devicesOf, tilingProblem } from '../../support/vmstate.js';

/** The bar for pc, q35 and microvm; those of other architectures keep it as well, but for pseries (below). */
const MAX_OPAQUE = 0.02;
/**
 * Its device tree is a blob, and its NVRAM is memory that the guest fills as it pleases: nothing else may be opaque.
 */
const BLOBS = /^(nvram@\w+\/spapr_nvram\.buf|spapr\.spapr_dtb\.fdt_blob)/;

/** One capture per way of writing state; the others hold the same devices. */
const described = fixtureNames.filter((name) => !/no-vmdesc|postcopy/.test(name) || name.endsWith('postcopy-ready'));

test('there are captures of six QEMUs', () => {
  expect(new Set(described.map((name) => name.split('-')[0])).size).toBe(6);
});

describe.each(described)('%s', (name) => {
  test('is understood and comes back', async () => {
    const stream = await devicesOf(fixtureBytes(name));
    if (stream === undefined) throw new Error('no vmdescription');
    const { schema, json, states } = stream;
    expect(Buffer.from(formatSchema(schema)).equals(json)).toBe(true);
    let total = 0;
    let opaque = 0;
    const lies: string[] = [];
    for (const state of states) {
      expect(tilingProblem(state, leaves(state.root))).toBeUndefined();
      expect(Buffer.from(encodeDevice(state)).equals(state.bytes), state.device.name).toBe(true);
      const coverage = coverageOf(state);
      total += coverage.total;
      opaque +=
        coverage.opaque -
        coverage.gaps.filter((gap) => BLOBS.test(gap.fullPath)).reduce((sum, gap) => sum + gap.end - gap.start, 0);
      lies.push(
        ...coverage.gaps.filter((gap) => gap.field === undefined).map((gap) => `${gap.fullPath}: ${gap.reason}`),
      );
    }
    // QEMU's own description is never contradicted by its own bytes.
    expect(lies).toEqual([]);
    expect(total).toBeGreaterThan(3000);
    expect(opaque / total).toBeLessThanOrEqual(MAX_OPAQUE);
  });
});
