// Descriptions with payloads: consistent ones, as QEMU would write them, and ones in which anything may stand.

import fc from 'fast-check';
import type { DescriptionSchema, DeviceSchema, FieldSchema, VmsdSchema } from '../../../src/vmstate/index.js';

/** A part of a description and the bytes that it describes. */
interface Described<T> {
  readonly schema: T;
  readonly bytes: readonly number[];
}

const name = fc.constantFrom(
  'a',
  'b',
  'regs',
  'env.regs',
  'config[0]',
  'ar.pm1.evt.sts',
  'x'.repeat(200),
  '__proto__',
  'constructor',
  '${1}',
  '"\\',
  '\u00ff',
);
const widths: readonly (readonly [string, number])[] = [
  ['bool', 1],
  ['int8', 1],
  ['uint8', 1],
  ['int16', 2],
  ['uint16', 2],
  ['int32', 4],
  ['uint32', 4],
  ['int64', 8],
  ['uint64', 8],
  ['timer', 8],
  ['float64', 8],
  ['CPU_Double_U', 8],
  ['int32 le', 4],
  ['uint16 equal', 2],
  ['fd', 1],
  ['nullptr', 1],
  ['ptr-marker', 1],
];

function entry(more: Partial<FieldSchema> & Pick<FieldSchema, 'name' | 'type' | 'size'>): FieldSchema {
  return { count: undefined, index: undefined, struct: undefined, inline: [], ...more };
}

const bytes = (length: number): fc.Arbitrary<number[]> =>
  fc.array(fc.nat(255), { minLength: length, maxLength: length });

const scalar: fc.Arbitrary<Described<FieldSchema>> = fc
  .tuple(name, fc.constantFrom(...widths), fc.option(fc.nat(4), { nil: undefined }))
  .chain(([called, [type, size], count]) =>
    bytes(size * (count ?? 1)).map((all) => ({ schema: entry({ name: called, type, size, count }), bytes: all })),
  );

const blob: fc.Arbitrary<Described<FieldSchema>> = fc
  .tuple(
    name,
    fc.constantFrom(
      'buffer',
      'unused_buffer',
      'bitmap',
      'virtio',
      'pci config',
      'msix state',
      'scsi-requests',
      'nobody knows',
    ),
    fc.array(fc.nat(255), { maxLength: 24 }),
  )
  .map(([called, type, all]) => ({ schema: entry({ name: called, type, size: all.length }), bytes: all }));

const { vmsd } = fc.letrec<{ vmsd: Described<VmsdSchema>; field: Described<FieldSchema> }>((tie) => ({
  field: fc.oneof({ depthSize: 'small', withCrossShrink: true }, scalar, blob, nested(tie('vmsd')), list(tie('vmsd'))),
  vmsd: fc
    .record({
      called: fc.constantFrom('dev', 'cpu', 'virtio-net', 'globalstate', 'mc146818rtc'),
      version: fc.nat(9),
      fields: fc.array(tie('field'), { maxLength: 5 }),
      parts: fc.array(fc.tuple(fc.constantFrom('x', 'y', 'z'), tie('vmsd')), {
        maxLength: 1,
        depthIdentifier: 'parts',
      }),
    })
    .map(({ called, version, fields, parts }) => {
      const subsections = parts.map(([suffix, part]) => ({ ...part.schema, name: `${called}/${suffix}` }));
      const all = [
        ...fields.flatMap((one) => one.bytes),
        ...parts.flatMap(([, part], index) => [...header(subsections[index]!), ...part.bytes]),
      ];
      return { schema: { name: called, version, fields: fields.map((one) => one.schema), subsections }, bytes: all };
    }),
}));

function header({ name: called, version }: VmsdSchema): number[] {
  return [5, called.length, ...Buffer.from(called, 'latin1'), 0, 0, 0, version];
}

function nested(inner: fc.Arbitrary<Described<VmsdSchema>>): fc.Arbitrary<Described<FieldSchema>> {
  return fc.tuple(name, inner, fc.constantFrom('struct', 'tmp', 'vstruct')).map(([called, table, type]) => {
    const more = type === 'struct' ? { struct: table.schema } : { inline: [table.schema] };
    return { schema: entry({ name: called, type, size: table.bytes.length, ...more }), bytes: table.bytes };
  });
}

function list(inner: fc.Arbitrary<Described<VmsdSchema>>): fc.Arbitrary<Described<FieldSchema>> {
  return fc
    .tuple(name, fc.array(inner, { maxLength: 3 }), fc.constantFrom('qtailq', 'qlist'))
    .map(([called, elements, type]) => {
      const all = [...elements.flatMap((one) => [1, ...one.bytes]), 0];
      return {
        schema: entry({ name: called, type, size: all.length, inline: elements.map((one) => one.schema) }),
        bytes: all,
      };
    });
}

/** A device with the payload that its description describes. */
export const describedDevice: fc.Arbitrary<{ readonly device: DeviceSchema; readonly bytes: Uint8Array }> = vmsd.map(
  ({ schema, bytes: all }) => ({
    device: { name: 'dev', instanceId: 0, size: undefined, vmsd: schema },
    bytes: Uint8Array.from(all),
  }),
);

/** A device with bytes that have nothing to do with it. */
export const strangeDevice: fc.Arbitrary<{ readonly device: DeviceSchema; readonly bytes: Uint8Array }> = fc
  .tuple(vmsd, fc.uint8Array({ maxLength: 200 }), fc.option(fc.nat(50), { nil: undefined }))
  .map(([{ schema, bytes: all }, other, cut]) => ({
    device: { name: 'dev', instanceId: 0, size: undefined, vmsd: schema },
    bytes: cut === undefined ? other : Uint8Array.from(all.slice(0, all.length - cut)),
  }));

export const description: fc.Arbitrary<DescriptionSchema> = fc.record({
  pageSize: fc.option(fc.constantFrom(4096, 65536), { nil: undefined }),
  configuration: fc.option(
    vmsd.map((one) => one.schema),
    { nil: undefined },
  ),
  devices: fc.array(
    fc.record({
      name,
      instanceId: fc.nat(0xffffffff),
      size: fc.option(fc.nat(999), { nil: undefined }),
      vmsd: vmsd.map((one) => one.schema),
    }),
    { maxLength: 3 },
  ),
  spacedColons: fc.boolean(),
});
