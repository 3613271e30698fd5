// Edits of devices by path: one path means one field unless it says otherwise; streams without a vmdescription are
// edited by the layouts of another.
import { Refused } from '../../../src/base/refused.js';
import { describe, expect, test } from 'vitest';
import { layoutsOfStream } from '../../../src/ops/devices/learned-layouts.js';
import { readDevices } from '../../../src/ops/devices/read-devices.js';
import type { Layouts } from '../../../src/ops/devices/stream-device.js';
import type { Edit } from '../../../src/ops/rewrite/edit.js';
import { findNodes, parseSchema } from '../../../src/vmstate/index.js';
import { edited, look } from '../../support/edits.js';
import { mstream } from '../../support/fake-host.js';
import { fixtureBytes } from '../../support/fixtures.js';
import { devicesOf } from '../../support/vmstate.js';

const two = fixtureBytes('10.0.13-q35-devices');
const set = (path: string, value = '7'): Edit => ({ edit: 'set', path, value });
const layoutsOf = async (name: string): Promise<Layouts> =>
  layoutsOfStream(parseSchema((await devicesOf(fixtureBytes(name)))!.json), name);

async function values(bytes: Uint8Array, path: string, layouts?: Layouts): Promise<string[]> {
  const { devices } = await readDevices(bytes, { layouts });
  return findNodes(
    devices.map(({ state }) => state),
    path,
  ).map((node) => `${node.fullPath}=${node.kind === 'leaf' ? String(node.value) : node.kind}`);
}

async function refusal(...args: Parameters<typeof edited>): Promise<Refused> {
  const error: unknown = await edited(...args).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Refused);
  return error as Refused;
}

describe('a path that means several fields', () => {
  test.each(['set', 'set-bytes', 'insert-bytes', 'append-bytes', 'delete-bytes'] as const)(
    '--%s is refused with the list',
    async (edit) => {
      const path = 'cpu.env.eip';
      const { code, message, hint } = await refusal(two, [
        { edit, path, value: '1', bytes: new Uint8Array(8) } as Edit,
      ]);
      expect([code, message]).toEqual(['refused', '"cpu.env.eip" means 2 fields: "cpu/0.env.eip", "cpu/1.env.eip"']);
      expect(hint).toEqual({ code: 'name-instance', path: 'cpu/0.env.eip' });
    },
  );

  test.each([
    ['cpu/0.env.eip', ['cpu.env.eip=7', 'cpu/1.env.eip=']],
    ['cpu/1.env.eip', ['cpu.env.eip=', 'cpu/1.env.eip=7']],
    ['cpu*.env.eip', ['cpu.env.eip=7', 'cpu/1.env.eip=7']],
  ])('%s says which', async (path, expected) => {
    for (const pipe of [false, true]) {
      const { bytes } = await edited(two, [set(path)], { pipe });
      const found = await values(bytes, 'cpu.env.eip');
      expect(found.map((line, i) => line.slice(0, expected[i]!.length))).toEqual(expected);
    }
  });

  test('a subsection goes by its name, wherever it stands', async () => {
    const name = 'cpu/poll_control_msr';
    expect((await values(two, `cpu*.${name}`)).length).toBe(2);
    const { bytes, result } = await edited(two, [{ edit: 'drop-subsection', path: name }]);
    expect(result.changes).toBeGreaterThanOrEqual(2);
    expect(await values(bytes, `cpu*.${name}`)).toEqual([]);
  });

  test('the command says it in one message and exit 1', async () => {
    const { code, stderr } = await mstream(['rewrite', 'state', '--dry-run', '--set', 'cpu.env.eip=1'], {
      files: { state: two },
    });
    expect([code, stderr]).toEqual([
      1,
      'refused: "cpu.env.eip" means 2 fields: "cpu/0.env.eip", "cpu/1.env.eip"\n  hint: name the instance, as in cpu/0.env.eip, or put a * into the path to mean them all\n',
    ]);
  });
});

describe('by the layouts of another stream', () => {
  test.each(['10.0.13-no-vmdesc', '10.0.13-postcopy'])('%s', async (name) => {
    const before = fixtureBytes(name);
    const layouts = await layoutsOf('10.0.13-plain');
    for (const pipe of [false, true]) {
      const { bytes, result } = await edited(before, [set('cpu.env.eip', '0x7c00')], { layouts, pipe });
      expect([result.changes, bytes.length]).toEqual([1, before.length]);
      expect(await values(bytes, 'cpu.env.eip', layouts)).toEqual(['cpu.env.eip=31744']);
      expect([...bytes.keys()].filter((at) => bytes[at] !== before[at]).length).toBeLessThanOrEqual(8);
    }
    const { message } = await refusal(before, [set('i8259.last_irr')], { layouts });
    expect(message).toMatch(/^"i8259\.last_irr" means 2 fields/);
  });

  test('another length, in a PACKAGED blob as well', async () => {
    const layouts = await layoutsOf('10.0.13-plain');
    for (const name of ['10.0.13-no-vmdesc', '10.0.13-postcopy']) {
      const before = fixtureBytes(name);
      const { bytes } = await edited(before, [{ edit: 'drop-subsection', path: 'pckbd/extended_state' }], { layouts });
      const { error, complete } = await look(bytes);
      expect([error, complete]).toEqual([undefined, true]);
      expect(bytes.length).toBeLessThan(before.length);
    }
  });

  test('without them it says what would help', async () => {
    const none = await refusal(fixtureBytes('10.0.13-no-vmdesc'), [set('cpu.env.eip')]);
    expect(none.hint).toEqual({ code: 'schema-from' });
    const postcopy = await refusal(fixtureBytes('10.0.13-postcopy'), [set('cpu.env.eip')]);
    expect(postcopy.hint).toEqual({ code: 'schema-from' });
  });

  test('the command', async () => {
    const files = { state: fixtureBytes('10.0.13-no-vmdesc'), other: fixtureBytes('10.0.13-plain') };
    const { code, stdout } = await mstream(
      ['rewrite', 'state', '--dry-run', '--set', 'cpu.env.eip=0x7c00', '--schema-from', 'other'],
      { files },
    );
    expect([code, stdout]).toEqual([0, expect.stringMatching(/cpu\.env\.eip: \d+ -> 31744/)]);
  });
});
