// `mstream inspect --devices` and `--schema`.

import type { MigrationStreamError } from '../../base/errors.js';
import { quote } from '../../base/quote.js';
import type { StreamDevice } from '../../ops/devices/read-devices.js';
import { findDevices, type DeviceState } from '../../vmstate/index.js';
import { devicesJson } from '../../report/devices/json.js';
import { schemaLines } from '../../report/devices/schema.js';
import { deviceLines, devicesSummary } from '../../report/devices/text.js';
import type { Context } from '../command.js';
import { devicesOf, type ReadState, type SchemaFromOption } from '../devices.js';
import { exitCode } from '../exit-code.js';
import { Failure } from '../failure.js';
import { LineWriter } from '../line-writer.js';
import type { StateOptions } from '../open-state.js';

export interface DevicesWanted extends SchemaFromOption {
  /** Names with `*`; none: all. */
  readonly globs: readonly string[];
  readonly json: boolean;
  readonly hex: boolean;
}

/** --devices */
export async function inspectDevices(
  context: Context,
  state: string,
  reading: StateOptions,
  wanted: DevicesWanted,
): Promise<MigrationStreamError | undefined> {
  const { host, out } = context;
  const read = await devicesOf(context, state, { ...reading, schemaFrom: wanted.schemaFrom });
  const devices = chosen(read, wanted.globs);
  const lines = new LineWriter(host.stdout);
  if (wanted.json) {
    const input = { label: read.label, size: read.size, mstream: host.version };
    for (const line of devicesJson(read, devices, input, { hex: wanted.hex })) await lines.line(line);
  } else {
    for (const device of devices) {
      for (const line of deviceLines(device, { hex: wanted.hex }, out)) await lines.line(line);
      await lines.line('');
    }
    // Where nothing was understood the error says it all.
    if (devices.length > 1 || (devices.length === 0 && read.error === undefined))
      await lines.line(devicesSummary(devices, out));
  }
  await lines.flush();
  return read.error;
}

/** --schema */
export async function inspectSchema(
  context: Context,
  state: string,
  reading: StateOptions,
  wanted: DevicesWanted,
): Promise<MigrationStreamError | undefined> {
  const read = await devicesOf(context, state, { ...reading, schemaFrom: wanted.schemaFrom });
  const lines = new LineWriter(context.host.stdout);
  for (const device of chosen(read, wanted.globs)) {
    for (const line of schemaLines(device, context.out)) await lines.line(line);
  }
  await lines.flush();
  return read.error;
}

/** In stream order. @throws Failure for a name that no device has */
function chosen({ devices, error }: ReadState, globs: readonly string[]): readonly StreamDevice[] {
  if (globs.length === 0) return devices;
  const states = devices.map((device) => device.state);
  const wanted = new Set<DeviceState>();
  for (const glob of globs) {
    const found = findDevices(states, glob);
    if (found.length === 0 && error === undefined)
      throw new Failure(
        exitCode.findings,
        'no-match',
        `no device is called ${quote(glob)}`,
        '`mstream inspect --sections STATE` lists them; * stands for anything',
      );
    for (const state of found) wanted.add(state);
  }
  return devices.filter((device) => wanted.has(device.state));
}
