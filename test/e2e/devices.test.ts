// What a real -dump-vmstate tells of devices, held against what each QEMU's own streams say of themselves.

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openFile } from '../../src/bytes/node/file-source.js';
import { readDevices } from '../../src/ops/devices/read-devices.js';
import { readLayouts } from '../../src/ops/devices/schema-from.js';
import type { Layouts } from '../../src/ops/devices/stream-device.js';
import { wordsFor } from '../../src/qemu/binary.js';
import { decodeDevice } from '../../src/devices/index.js';
import { leaves, type DeviceState } from '../../src/vmstate/index.js';
import { fixtureBytes, fixtureNames } from '../support/fixtures.js';
import { onEveryQemu } from './support/qemus.js';

const run = promisify(execFile);
const starts = (state: DeviceState): number[] =>
  [...leaves(state.root)].filter((leaf) => leaf.end > leaf.start).map((leaf) => leaf.start);

/** Devices that a dump gives, at least: before 8.0 it has no lengths of arrays. */
const expected: Readonly<Record<string, readonly [plain: number, q35: number]>> = {
  '5.2': [9, 10],
  '7.2': [11, 12],
  '10.0': [19, 24],
  '11.1': [19, 24],
};

onEveryQemu('-dump-vmstate', ({ binary, wanted, version }) => {
  let folder: string;
  let layouts: Layouts;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mstream-dump-'));
    const file = join(folder, 'dump');
    await run(binary.file, wordsFor(binary, ['-M', 'pc', '-dump-vmstate', file]), {
      env: { ...process.env, ...binary.env },
      timeout: 60_000,
    });
    layouts = await readLayouts(await openFile(file));
  }, 90_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  // The lab may hold another point release than the fixtures were made with.
  test.each(['plain', 'q35-devices'])(
    '%s: never a wrong place, and as many devices as a dump can give',
    async (scenario) => {
      const name = fixtureNames.find((one) => one.startsWith(wanted) && one.endsWith(`-${scenario}`));
      expect(name, `a fixture of ${version}`).toBeDefined();
      const { devices } = await readDevices(fixtureBytes(name!));
      let solved = 0;
      for (const { section, state } of devices) {
        const device = layouts.layoutOf(section, state.bytes);
        if (typeof device === 'string') continue;
        solved += 1;
        const truth = new Set(starts(state));
        expect(
          starts(decodeDevice(device, state.bytes)).filter((at) => !truth.has(at)),
          section.idstr,
        ).toEqual([]);
      }
      expect(solved).toBeGreaterThanOrEqual(expected[wanted]![scenario === 'plain' ? 0 : 1]);
    },
  );

  test('a stream without vmdescription, by it: the rest is opaque with exact ends', async () => {
    const name = fixtureNames.find((one) => one.startsWith(wanted) && one.endsWith('-no-vmdesc'))!;
    const { devices, error } = await readDevices(fixtureBytes(name), { layouts });
    expect(error).toBeUndefined();
    expect(devices.filter(({ layout }) => layout === 'dump').length).toBeGreaterThanOrEqual(expected[wanted]![0]);
    for (const { layout, reason, payload, state } of devices) {
      expect(state.bytes.length).toBe(payload.end - payload.start);
      expect(layout === 'none').toBe(reason !== undefined);
    }
  });
});
