// Device state for all schemas and payloads, consistent or not: leaves tile, values come back, paths lead to their
// leaves, edits do what they say, descriptions survive the way through JSON.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MigrationStreamError } from '../../src/base/errors.js';
import { coverageOf, decodeDevice, meaningOf } from '../../src/devices/index.js';
import {
  DeviceEdit,
  encodeDevice,
  findInDevice,
  formatSchema,
  leaves,
  parseSchema,
  vmsdSize,
  type DeviceState,
  type FieldNode,
  type Leaf,
} from '../../src/vmstate/index.js';
import { description, describedDevice, strangeDevice } from '../support/arbitraries/vmstate.js';
import { fixtureBytes, fixtureNames } from '../support/fixtures.js';
import { cases } from '../support/seed.js';
import { devicesOf, tilingProblem } from '../support/vmstate.js';

const all = (state: DeviceState): Leaf[] => [...leaves(state.root)];

function soundProblem(state: DeviceState): string | undefined {
  const found = all(state);
  const tiling = tilingProblem(state, found);
  if (tiling !== undefined) return tiling;
  const paths = new Set(found.map((leaf) => leaf.path));
  if (paths.size !== found.length) return 'a path twice';
  if (found.some((leaf) => leaf.role === 'opaque' && leaf.reason === undefined)) return 'opaque without reason';
  return Buffer.from(encodeDevice(state)).equals(state.bytes) ? undefined : 'encode differs';
}

function eachNode(node: FieldNode, visit: (node: FieldNode) => void): void {
  visit(node);
  if (node.kind !== 'leaf') for (const child of node.children()) eachNode(child, visit);
}

describe('decoding', () => {
  test('a payload as described: everything is found where the description says', () => {
    fc.assert(
      fc.property(describedDevice, ({ device, bytes }) => {
        const state = decodeDevice(device, bytes);
        expect(soundProblem(state)).toBeUndefined();
        expect(
          all(state)
            .filter((leaf) => leaf.name.startsWith('@rest'))
            .map((leaf) => `${leaf.path}: ${leaf.reason}`),
        ).toEqual([]);
        expect(coverageOf(state).total).toBe(bytes.length);
      }),
      cases(100),
    );
  });

  test('a payload that is something else: nothing is lost, nothing throws', () => {
    fc.assert(
      fc.property(strangeDevice, ({ device, bytes }) => {
        const state = decodeDevice(device, bytes);
        expect(soundProblem(state)).toBeUndefined();
        eachNode(state.root, (node) => void meaningOf(node));
      }),
      cases(100),
    );
  });

  test('every path finds its leaf, and nothing else', () => {
    fc.assert(
      fc.property(describedDevice, ({ device, bytes }) => {
        const state = decodeDevice(device, bytes);
        for (const leaf of all(state)) {
          if (leaf.path.includes('*') || leaf.start === leaf.end) continue;
          expect(findInDevice(state, leaf.path).map((node) => [node.start, node.end])).toEqual([
            [leaf.start, leaf.end],
          ]);
        }
      }),
      cases(100),
    );
  });
});

describe('edits', () => {
  const leafOf = (
    { device, bytes }: { device: DeviceState['device']; bytes: Uint8Array },
    pick: number,
  ): Leaf | undefined => {
    const found = all(decodeDevice(device, bytes)).filter((leaf) => leaf.end > leaf.start);
    return found[pick % Math.max(1, found.length)];
  };

  test('a value of the same type and width: set, read back, all else untouched', () => {
    fc.assert(
      fc.property(describedDevice, fc.nat(), fc.uint8Array({ minLength: 8, maxLength: 8 }), (made, pick, noise) => {
        const leaf = leafOf(made, pick);
        if (leaf?.scalar === undefined || leaf.role !== 'field') return;
        const value = leaf.scalar.read(new DataView(noise.buffer), 0);
        const edit = new DeviceEdit(leaf.state);
        edit.set(leaf, value);
        const { device, bytes } = edit.apply();
        expect(device).toBe(leaf.state.device);
        expect(leaf.scalar.read(new DataView(bytes.buffer), leaf.start)).toEqual(value);
        expect(Buffer.from(bytes.subarray(0, leaf.start)).equals(leaf.state.bytes.subarray(0, leaf.start))).toBe(true);
        expect(Buffer.from(bytes.subarray(leaf.end)).equals(leaf.state.bytes.subarray(leaf.end))).toBe(true);
      }),
      cases(100),
    );
  });

  test('bytes in and out: the description still says how long the payload is', () => {
    fc.assert(
      fc.property(
        describedDevice,
        fc.nat(),
        fc.uint8Array({ maxLength: 9 }),
        fc.constantFrom('before', 'after', 'delete'),
        (made, pick, noise, how) => {
          const leaf = leafOf(made, pick);
          if (leaf === undefined || leaf.role === 'frame') return;
          const edit = new DeviceEdit(leaf.state);
          if (how === 'before' || how === 'after') edit.insertBytes(leaf, noise, how);
          else edit.deleteBytes(leaf);
          const { device, bytes } = edit.apply();
          expect(bytes.length).toBe(made.bytes.length + (how === 'delete' ? leaf.start - leaf.end : noise.length));
          expect(vmsdSize(device.vmsd)).toBe(bytes.length);
          expect(soundProblem(decodeDevice(device, bytes))).toBeUndefined();
        },
      ),
      cases(100),
    );
  });
});

describe('descriptions', () => {
  test('through JSON and back, in both spellings', () => {
    fc.assert(
      fc.property(description, (schema) => {
        expect(parseSchema(formatSchema(schema))).toEqual(schema);
      }),
      cases(100),
    );
  });

  test('are accepted exactly when JSON.parse accepts them and they list devices', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.json().map((json) => `{"devices": [], "x": ${json}}`),
          fc.string(),
        ),
        fc.nat(),
        fc.constantFrom('', ',', '"', '\\', '}', '0', 'e', '\u0001'),
        (text, at, insert) => {
          const where = at % (text.length + 1);
          const json = text.slice(0, where) + insert + text.slice(where);
          const latin = Buffer.from(json, 'latin1').toString('latin1');
          let parsed: unknown;
          try {
            parsed = JSON.parse(latin);
          } catch {
            parsed = undefined;
          }
          const devices =
            typeof parsed === 'object' && parsed !== null ? (parsed as { devices?: unknown }).devices : undefined;
          const expected = Array.isArray(devices) && devices.every((device) => typeof device?.name === 'string');
          let accepted = true;
          try {
            parseSchema(Buffer.from(json, 'latin1'));
          } catch (error) {
            if (!(error instanceof MigrationStreamError) || error.code !== 'bad-vmdescription') throw error;
            accepted = false;
          }
          expect(accepted).toBe(expected);
        },
      ),
      cases(500),
    );
  });
});

describe('a real stream, damaged', async () => {
  const name = fixtureNames.find((one) => one.startsWith('7.2') && one.endsWith('-q35-devices'));
  const stream = name === undefined ? undefined : await devicesOf(fixtureBytes(name));

  test.skipIf(stream === undefined)('in a device: the tree still tiles', () => {
    const states = stream!.states.filter((state) => state.bytes.length < 60_000);
    fc.assert(
      fc.property(
        fc.nat(),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
        fc.nat(40),
        (pick, changes, cut) => {
          const { device, bytes } = states[pick % states.length]!;
          const damaged = bytes.slice(0, Math.max(0, bytes.length - (cut < 20 ? 0 : cut - 20)));
          for (const [at, value] of changes)
            if (damaged.length > 0) damaged[at % Math.min(damaged.length, 1500)] = value;
          expect(soundProblem(decodeDevice(device, damaged))).toBeUndefined();
        },
      ),
      cases(150),
    );
  });

  test.skipIf(stream === undefined)('in the description: a typed error, or trees that tile', () => {
    const { json, states } = stream!;
    fc.assert(
      fc.property(
        fc.nat(json.length - 1),
        fc.constantFrom(...'0123456789,{}[]"e'),
        fc.boolean(),
        (at, char, remove) => {
          const damaged = Buffer.from(json);
          if (remove) damaged.copy(damaged, at, at + 1);
          else damaged[at] = char.charCodeAt(0);
          let schema;
          try {
            schema = parseSchema(damaged);
          } catch (error) {
            if (error instanceof MigrationStreamError && error.code === 'bad-vmdescription') return;
            throw error;
          }
          for (const [index, device] of schema.devices.entries()) {
            const bytes = states[index]?.bytes ?? new Uint8Array(0);
            if (bytes.length < 5000) expect(soundProblem(decodeDevice(device, bytes))).toBeUndefined();
          }
        },
      ),
      cases(60),
    );
  });
});
