// Devices as rows and as documents, for all schemas and payloads: rows tile, and what a document says of fields is the
// same bytes again; trees that are too wide or too deep are cut in one place, and printing them stays small.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_FIELD_PATH, MAX_FIELD_ROWS } from '../../src/limits.js';
import { fieldJson } from '../../src/ops/devices/field-json.js';
import { fieldRows, type FieldRow } from '../../src/ops/devices/field-rows.js';
import { streamDevice } from '../../src/ops/devices/stream-device.js';
import { fieldBytes } from '../../src/ops/json/field-bytes.js';
import { deviceLines } from '../../src/report/devices/text.js';
import { schemaLines } from '../../src/report/devices/schema.js';
import { valueLines } from '../../src/report/devices/values.js';
import { plainTheme } from '../../src/report/theme.js';
import { decodeDevice } from '../../src/devices/index.js';
import type { DeviceSchema, DeviceState, FieldSchema, VmsdSchema } from '../../src/vmstate/index.js';
import { describedDevice, strangeDevice } from '../support/arbitraries/vmstate.js';
import { cases } from '../support/seed.js';

function tilingOf(rows: Iterable<FieldRow>): {
  readonly end: number;
  readonly gap: string | undefined;
  readonly count: number;
} {
  let at = 0;
  let count = 0;
  let gap: string | undefined;
  for (const row of rows) {
    if (row.start !== at) gap ??= `${row.path} at ${row.start}, not ${at}`;
    at = row.end;
    count += 1;
  }
  return { end: at, gap, count };
}

const shown = (state: DeviceState) => {
  const { length } = state.bytes;
  const span = { start: 0, end: length };
  return {
    ...streamDevice(
      {
        section: { sectionId: 1, idstr: 'd', instanceId: 0, versionId: 1 },
        span,
        payload: span,
        boundary: 'decoder',
        depth: 0,
        bytes: state.bytes,
      },
      'none',
      undefined,
    ),
    state,
    layout: 'vmdescription',
    reason: undefined,
  } as const;
};

describe('rows', () => {
  test.each([
    ['as described', describedDevice],
    ['that is something else', strangeDevice],
  ] as const)('of a payload %s: side by side, and the same bytes from a document', (_, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, ({ device, bytes }) => {
        const state = decodeDevice(device, bytes);
        expect(tilingOf(fieldRows(state.root))).toMatchObject({ end: bytes.length, gap: undefined });
        expect(tilingOf(fieldRows(state.root, true))).toMatchObject({ end: bytes.length, gap: undefined });
        const fields = Array.from(fieldRows(state.root), (row) => fieldJson(state, row));
        const again = fieldBytes(JSON.parse(JSON.stringify(fields)), []);
        expect(Buffer.compare(again, bytes)).toBe(0);
        for (const hex of [false, true])
          for (const line of deviceLines(shown(state), { hex }, plainTheme)) expect(line).toMatch(/^[\x20-\x7e…]*$/);
        for (const line of [...schemaLines(shown(state), plainTheme), ...valueLines([state.root])])
          expect(line).toMatch(/^[\x20-\x7e…]*$/);
      }),
      cases(100),
    );
  });
});

describe('too much of a tree', () => {
  const field = (name: string, size: number, more: Partial<FieldSchema> = {}): FieldSchema => ({
    name,
    type: 'uint8',
    size,
    count: undefined,
    index: undefined,
    struct: undefined,
    inline: [],
    ...more,
  });
  const table = (fields: readonly FieldSchema[]): VmsdSchema => ({ name: 't', version: 1, fields, subsections: [] });
  const state = (fields: readonly FieldSchema[], length: number): DeviceState => {
    const device: DeviceSchema = { name: 'd', instanceId: 0, size: undefined, vmsd: table(fields) };
    return decodeDevice(
      device,
      Uint8Array.from({ length }, (_, i) => i & 1),
    );
  };

  test('more elements than rows: the rest is one row', () => {
    const many = state(
      [field('a', 1, { type: 'struct', count: MAX_FIELD_ROWS + 5, struct: table([field('x', 1)]) })],
      MAX_FIELD_ROWS + 5,
    );
    expect(tilingOf(fieldRows(many.root))).toEqual({
      end: MAX_FIELD_ROWS + 5,
      gap: undefined,
      count: MAX_FIELD_ROWS + 1,
    });
    expect([...deviceLines(shown(many), { hex: true }, plainTheme)].length).toBeLessThan(30);
  });

  test('elements without bytes cost nothing', () => {
    const empty = state(
      [field('a', 0, { type: 'struct', count: 1e12, struct: table([field('x', 0)]) }), field('b', 1)],
      1,
    );
    expect(tilingOf(fieldRows(empty.root)).count).toBeLessThan(4);
  });

  test('deeper than a path may be: one row', () => {
    const name = 'n'.repeat(250);
    let inner = field(name, 1);
    for (let depth = 0; depth < 250; depth += 1) inner = field(name, 1, { type: 'struct', struct: table([inner]) });
    const deep = state([inner, field('z', 1)], 2);
    const rows = [...fieldRows(deep.root)];
    expect(rows.map(({ start, end, reason }) => [start, end, reason])).toEqual([
      [0, 1, 'nested too deep'],
      [1, 2, undefined],
    ]);
    expect(rows.every(({ path }) => path.length < 2 * MAX_FIELD_PATH)).toBe(true);
    expect(
      [...deviceLines(shown(deep), { hex: false }, plainTheme), ...schemaLines(shown(deep), plainTheme)].every(
        (line) => line.length < 400,
      ),
    ).toBe(true);
  });

  test('long buffers and arrays are short lines', () => {
    const long = state(
      [
        field('a', 1 << 20, { type: 'buffer' }),
        field('b', 2, { type: 'uint16', count: 1 << 20 }),
        field('c', 1, { count: 1 << 20 }),
      ],
      4 << 20,
    );
    for (const hex of [false, true]) {
      const lines = [...deviceLines(shown(long), { hex }, plainTheme)];
      expect([lines.length < 80, lines.every((line) => line.length < 250)]).toEqual([true, true]);
    }
  });
});
