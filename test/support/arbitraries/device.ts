// Device sections and the vmdescription that describes them: names, payloads, and JSON whose sizes add up to them.
import fc from 'fast-check';
import type { SectionHeader } from '../../../src/wire/section.js';
import { bytes, footerless, latin1, printable, record, u32 } from './primitives.js';

export interface Device {
  readonly idstr: string;
  readonly instanceId: number;
  readonly versionId: number;
  readonly payload: Uint8Array;
  /** How the JSON cuts the payload up. */
  readonly cut: number;
}

/** `tame`: what a scan for the footer must be able to read; else names, versions and payloads are wild. */
export const device = (tame: boolean): fc.Arbitrary<Device> =>
  record({
    idstr: (tame ? printable() : fc.oneof(printable(), latin1(255, 1))).filter(
      (name) => name !== 'ram' && !/[/]/.test(name.slice(1)),
    ),
    instanceId: u32,
    versionId: tame ? fc.integer({ min: 0, max: 0xffff }) : u32,
    payload: tame ? footerless(200) : bytes(400),
    cut: fc.integer({ min: 1, max: 7 }),
  });

export const header = (sectionId: number, { idstr, instanceId, versionId }: Device): SectionHeader => ({
  sectionId,
  idstr,
  instanceId,
  versionId,
});

/** QEMU's JSON for these devices, in order; sizes as single fields, arrays and subsections. */
export function describeDevices(devices: readonly Device[], pageSize: number | undefined, spaced: boolean): Uint8Array {
  const described = {
    ...(pageSize === undefined ? {} : { page_size: pageSize }),
    devices: devices.map((one) => ({
      name: one.idstr,
      instance_id: one.instanceId,
      vmsd_name: one.idstr,
      version: one.versionId,
      ...layoutOf(one.payload.length, one.cut),
    })),
  };
  const text = JSON.stringify(described);
  return Uint8Array.from(Buffer.from(spaced ? text.replace('":', '" : ') : text, 'latin1'));
}

function layoutOf(length: number, cut: number): { fields: unknown[]; subsections?: unknown[] } {
  const head = 1 + 1 + 5 + 4;
  if (cut === 7 && length > head) {
    return {
      fields: [],
      subsections: [{ vmsd_name: 'dev/a', version: 1, fields: [{ name: 'x', type: 'buffer', size: length - head }] }],
    };
  }
  const whole = Math.floor(length / cut);
  const rest = length - whole * cut;
  const fields: unknown[] = [{ name: 'array', array_len: cut, type: 'uint8', size: whole }];
  if (rest > 0)
    fields.push({
      name: 'struct',
      type: 'struct',
      struct: { vmsd_name: 'in]]side', fields: [{ name: '[{', type: 'uint8', size: 1 }] },
      size: rest,
    });
  return { fields };
}
