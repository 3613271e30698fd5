// Device payloads of a stream in memory, with the schema that the stream gives for them.

import { openStream } from '../../src/open/open-stream.js';
import { decodeDevice } from '../../src/devices/index.js';
import { parseSchema, type DescriptionSchema, type DeviceState } from '../../src/vmstate/index.js';

export interface StreamDevices {
  readonly schema: DescriptionSchema;
  readonly json: Uint8Array;
  readonly states: readonly DeviceState[];
}

/** Undefined for a stream without vmdescription. */
export async function devicesOf(stream: Uint8Array): Promise<StreamDevices | undefined> {
  const open = await openStream(stream);
  const payloads = new Map<string, { bytes: Uint8Array; base: number }[]>();
  let parts: Uint8Array[] = [];
  let base = 0;
  let json: Uint8Array | undefined;
  for await (const event of open.events()) {
    if (event.kind === 'vmdescription') json = event.json;
    if (event.kind !== 'payload') continue;
    if (parts.length === 0) base = event.span.start;
    parts.push(event.bytes.slice());
    if (!event.last) continue;
    const key = `${event.section.idstr}/${event.section.instanceId}`;
    const list = payloads.get(key) ?? [];
    list.push({ bytes: new Uint8Array(Buffer.concat(parts)), base });
    payloads.set(key, list);
    parts = [];
  }
  await open.close();
  if (json === undefined) return undefined;
  const schema = parseSchema(json);
  const states = schema.devices.map((device) => {
    const payload = payloads.get(`${device.name}/${device.instanceId}`)?.shift();
    if (payload === undefined) throw new Error(`the stream has no section for ${device.name}/${device.instanceId}`);
    return decodeDevice(device, payload.bytes, payload.base);
  });
  return { schema, json, states };
}

/** What leaves must be: side by side from the first byte to the last. */
export function tilingProblem(
  state: DeviceState,
  leaves: Iterable<{ start: number; end: number; path: string }>,
): string | undefined {
  let at = 0;
  for (const leaf of leaves) {
    if (leaf.start !== at || leaf.end < leaf.start) return `${leaf.path} at ${leaf.start}, not ${at}`;
    at = leaf.end;
  }
  return at === state.bytes.length ? undefined : `ends at ${at} of ${state.bytes.length}`;
}
