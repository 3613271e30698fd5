// Where payloads end, and how that is known: by the vmdescription where it is right, by the footer where it is not or
// there is none, from files and pipes; and what options override.
import { describe, expect, test } from 'vitest';
import { forwardSource, memorySource } from '../../../src/bytes/source.js';
import { difference, readItems, type Reading } from '../../support/items.js';
import { describeDevices, header, type Device } from '../../support/arbitraries/device.js';
import { writeModel, type ModelItem } from '../../support/write-model.js';

const device = (idstr: string, payload: readonly number[], instanceId = 0): Device => ({
  idstr,
  instanceId,
  versionId: 1,
  payload: Uint8Array.from(payload),
  cut: 1,
});
const ram = { sectionId: 2, idstr: 'ram', instanceId: 0, versionId: 4 };
const eos: ModelItem = { kind: 'ram-mark', mark: 'eos', flags: 0x10, address: 0 };

interface Shape {
  readonly footers?: boolean;
  /** Described otherwise than written. */
  readonly described?: readonly Device[];
  readonly json?: boolean;
  readonly trailing?: readonly number[];
}

async function stream(
  devices: readonly Device[],
  { footers = true, described = devices, json = true, trailing = [] }: Shape = {},
) {
  const close: ModelItem = { kind: 'section-close', footer: footers };
  const model: ModelItem[] = [
    { kind: 'header' },
    { kind: 'configuration', configuration: { machine: 'pc', subsections: [] } },
    { kind: 'section-open', type: 'start', section: ram },
    {
      kind: 'ram-blocks',
      total: 4096,
      flags: 4,
      layout: 'plain',
      pageSize: 4096,
      blocks: [{ idstr: 'pc.ram', usedLength: 4096 }],
      continues: false,
    },
    eos,
    close,
    ...devices.flatMap((one, i): ModelItem[] => [
      { kind: 'section-open', type: 'full', section: header(i + 10, one) },
      { kind: 'payload', bytes: one.payload },
      close,
    ]),
    { kind: 'eof' },
    ...(json ? [{ kind: 'vmdescription' as const, json: describeDevices(described, 4096, false) }] : []),
    ...(trailing.length > 0 ? [{ kind: 'trailing' as const, bytes: Uint8Array.from(trailing) }] : []),
  ];
  return writeModel(model, 4096);
}

async function both(
  written: Awaited<ReturnType<typeof stream>>,
  check: (reading: Reading, kind: string) => void,
): Promise<void> {
  for (const kind of ['file', 'pipe']) {
    const source = memorySource(written.bytes);
    check(await readItems(kind === 'file' ? source : forwardSource(source)), kind);
  }
}

/** Holds what a scan would take for the end: its own footer, and an EOF byte with a vmdescription behind it. */
const trap = [1, 2, 0x7e, 0, 0, 0, 10, 0, 6, 0, 0, 0, 1, 0x7b, 3];

describe('where a payload ends', () => {
  test('by the vmdescription, even where the payload holds its own footer', async () => {
    const written = await stream([device('a', trap), device('b', [])]);
    await both(written, (reading, kind) => {
      expect(reading.failure, kind).toBeUndefined();
      expect(reading.boundaries).toEqual(['a vmdescription', 'b vmdescription']);
      expect(difference(reading.items, written.items)).toBeUndefined();
    });
  });

  test('by the footer, where there is no vmdescription', async () => {
    const written = await stream([device('a', [1, 2, 0x7e, 0, 0, 0, 10, 9, 9]), device('b', [])], { json: false });
    await both(written, (reading) => {
      expect(reading.boundaries).toEqual(['a footer-scan', 'b footer-scan']);
      expect(reading.warnings).toEqual(['no-vmdescription']);
      expect(difference(reading.items, written.items)).toBeUndefined();
    });
  });

  test('by the footer, with a warning, where the vmdescription is stale', async () => {
    const devices = [device('a', [1, 2, 3]), device('b', [4, 5])];
    const written = await stream(devices, { described: [device('a', [1, 2, 3, 4]), device('b', [1])] });
    await both(written, (reading) => {
      expect(reading.boundaries).toEqual(['a footer-scan', 'b footer-scan']);
      expect(reading.warnings).toEqual(['vmdescription-disagrees', 'vmdescription-disagrees']);
      expect(difference(reading.items, written.items)).toBeUndefined();
    });
  });

  test('the n-th of a name is the n-th described, instances apart', async () => {
    const devices = [device('x', [1]), device('x', [1, 2], 1), device('x', [1, 2, 3]), device('x', trap, 1)];
    const written = await stream(devices);
    await both(written, (reading) => {
      expect(new Set(reading.boundaries)).toEqual(new Set(['x vmdescription']));
      expect(difference(reading.items, written.items)).toBeUndefined();
    });
  });

  test('without footers only the vmdescription can tell', async () => {
    const devices = [device('a', trap), device('b', [0x7e])];
    const written = await stream(devices, { footers: false });
    await both(written, (reading) => {
      expect(reading.failure).toBeUndefined();
      expect(difference(reading.items, written.items)).toBeUndefined();
      expect(reading.facts.get('footers')).toMatchObject({ value: false, how: 'inferred' });
    });
    await both(await stream(devices, { footers: false, json: false }), (reading) =>
      expect(reading.failure?.code).toBe('unknown-payload'),
    );
  });

  test('a vmdescription in front of other bytes is still found', async () => {
    const written = await stream([device('a', trap)], { trailing: [0, 0, 0, 6, 0, 0, 0, 1, 0x7b, 0x7d, 1] });
    await both(written, (reading) => {
      expect(reading.failure).toBeUndefined();
      expect(reading.boundaries).toEqual(['a vmdescription']);
      expect(difference(reading.items, written.items)).toBeUndefined();
    });
  });

  test('options win over what would be found out', async () => {
    const { bytes } = await stream([device('a', [1])]);
    expect((await readItems(bytes, { footers: false })).failure?.code).toBe('bad-section-type');
    expect((await readItems(bytes, { dialect: '4.1' })).failure).toBeDefined();
    expect((await readItems(bytes, { targetPageSize: 1024 })).failure).toBeUndefined();
    await expect(readItems(bytes, { dialect: '3.9' })).rejects.toThrow(TypeError);
  });
});

describe('RAM sections that only hands make', () => {
  const close: ModelItem = { kind: 'section-close', footer: true };
  const opening: ModelItem[] = [
    { kind: 'header' },
    {
      kind: 'configuration',
      configuration: { machine: 'pc', subsections: [{ kind: 'capabilities', version: 1, names: ['x-ignore-shared'] }] },
    },
  ];
  const list = (blocks: { idstr: string; usedLength: number; gpa: bigint }[]): ModelItem => ({
    kind: 'ram-blocks',
    total: blocks.reduce((sum, block) => sum + block.usedLength, 0),
    flags: 4,
    layout: 'ignore-shared-4.1',
    pageSize: 4096,
    blocks,
    continues: false,
  });
  const page = (block: number, named: boolean): ModelItem => ({
    kind: 'page',
    page: { kind: 'zero', block, addr: 0, named, body: Uint8Array.of(0) },
  });
  const start: ModelItem = { kind: 'section-open', type: 'start', section: ram };
  const part: ModelItem = { kind: 'section-open', type: 'part', section: { ...ram, idstr: '', versionId: 0 } };
  const a = { idstr: 'a', usedLength: 8192, gpa: 0n };
  const b = { idstr: 'b', usedLength: 4096, gpa: 0x10_0000n };

  test('an empty list says nothing about the layout of the next', async () => {
    const written = await writeModel(
      [...opening, start, list([]), eos, close, part, list([a, b]), page(1, true), eos, close, { kind: 'eof' }],
      4096,
    );
    const reading = await readItems(written.bytes);
    expect(reading.failure).toBeUndefined();
    expect(difference(reading.items, written.items)).toBeUndefined();
    expect(reading.facts.get('layout')).toMatchObject({ value: 'ignore-shared-4.1', how: 'inferred' });
  });

  test('a second list: CONTINUE still means the block that was named, wherever it stands now', async () => {
    const written = await writeModel(
      [
        ...opening,
        start,
        list([a, b]),
        eos,
        close,
        part,
        page(1, true),
        list([b, a]),
        page(0, false),
        eos,
        close,
        { kind: 'eof' },
      ],
      4096,
    );
    const reading = await readItems(written.bytes);
    expect(reading.failure).toBeUndefined();
    expect(difference(reading.items, written.items)).toBeUndefined();
  });
});
