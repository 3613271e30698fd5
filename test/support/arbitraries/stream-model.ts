// Whole streams as a QEMU could have written them (any version, any machine), plus what only hand-made ones have:
// every block list layout, page size, footers or none, configuration or none, ADVISE or none, PACKAGED, trailing bytes.
import fc from 'fast-check';
import type { OpenOptions } from '../../../src/open/open-stream.js';
import { layouts, type LayoutName } from '../../../src/wire/dialect.js';
import type { RamBlockEntry } from '../../../src/wire/ram-block.js';
import type { SectionKind } from '../../../src/wire/section.js';
import type { ModelItem } from '../write-model.js';
import { unknownSubsection } from './configuration.js';
import { describeDevices, device, header, type Device } from './device.js';
import { pageRecords } from './page-record.js';
import { bytes, printable, record } from './primitives.js';
import { honestEntries } from './ram-block.js';

export interface StreamModel {
  readonly layout: LayoutName;
  readonly pageSize: number;
  readonly items: readonly ModelItem[];
  /** What the bytes do not say at all. */
  readonly options: OpenOptions;
  /** Can also be read when the end cannot be looked at first. */
  readonly pipe: boolean;
  /** Payloads end at footers that a scan finds: what can be read from any prefix. */
  readonly tame: boolean;
}

interface Shape {
  readonly layout: LayoutName;
  readonly pageSize: number;
  readonly footers: boolean;
  readonly configuration: boolean;
  readonly advise: boolean;
  readonly pageSizeFrom: 'bits' | 'json' | 'option' | 'nothing';
  readonly json: boolean;
  /** Ends of payloads are scanned for (else the JSON says). */
  readonly scanned: boolean;
}

const shape: fc.Arbitrary<Shape> = record({
  layout: fc.constantFrom(...(Object.keys(layouts) as LayoutName[])),
  bits: fc.oneof({ weight: 2, arbitrary: fc.constant(12) }, { weight: 1, arbitrary: fc.integer({ min: 10, max: 16 }) }),
  footers: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  configuration: fc.boolean(),
  advise: fc.boolean(),
  pageSizeFrom: fc.constantFrom('bits' as const, 'json' as const, 'option' as const, 'nothing' as const),
  json: fc.boolean(),
  scanned: fc.boolean(),
}).map(({ bits, ...drawn }) => {
  const mapped = layouts[drawn.layout].mapped;
  const pageSize = mapped ? Math.min(2 ** bits, 4096) : 2 ** bits;
  const json = drawn.json || drawn.pageSizeFrom === 'json';
  const known = drawn.pageSizeFrom === 'bits' && !drawn.configuration ? 'option' : drawn.pageSizeFrom;
  return {
    ...drawn,
    json,
    pageSize: known === 'nothing' ? 4096 : pageSize,
    pageSizeFrom: known,
    advise: drawn.layout === 'postcopy' || (drawn.advise && drawn.layout === 'plain'),
    scanned: drawn.footers && (drawn.scanned || !json),
  };
});

export const streamModel: fc.Arbitrary<StreamModel> = shape.chain((drawn) =>
  blocksOf(drawn).chain((blocks) => record(parts(drawn, blocks)).map((rest) => assemble(drawn, blocks, rest))),
);

function blocksOf({ layout, pageSize }: Shape): fc.Arbitrary<RamBlockEntry[]> {
  const made = honestEntries(layouts[layout], pageSize, 5);
  if (!layouts[layout].mapped) return made;
  // Their pages stand in the file. The ignored byte, which this layout lacks, marks blocks with a zero header.
  return made.chain((list) =>
    fc.array(fc.boolean(), { minLength: list.length, maxLength: list.length }).map((ignored) =>
      list.map((entry, i) => ({
        ...entry,
        usedLength: (1 + (entry.usedLength % 5)) * pageSize,
        ignored: layout === 'ignore-shared-mapped-ram' && ignored[i] ? 1 : 0,
      })),
    ),
  );
}

type Parts = {
  [K in keyof ReturnType<typeof parts>]: ReturnType<typeof parts>[K] extends fc.Arbitrary<infer T> ? T : never;
};

function parts(drawn: Shape, blocks: readonly RamBlockEntry[]) {
  const readable = drawn.scanned || drawn.json;
  const devices = (max: number, tame: boolean) =>
    readable ? fc.array(device(tame), { maxLength: max }) : fc.constant<Device[]>([]);
  const pages = pageRecords(blocks, drawn.pageSize, {
    bursts: layouts[drawn.layout].mapped ? 0 : 4,
    most: drawn.pageSize > 8192 ? 3 : 12,
  });
  return {
    machine: printable(),
    extra: fc.option(unknownSubsection, { nil: undefined, freq: 3 }),
    uuid: fc.boolean(),
    idleCapability: fc.boolean(),
    early: devices(2, drawn.scanned),
    late: devices(4, drawn.scanned),
    flush: fc.boolean(),
    memSizeFlags: fc.constantFrom(0x04, 0x04, 0x04, 0x24),
    rounds: fc.array(
      record({ pages, mark: fc.constantFrom('none', 'none', 'multifd-flush', 'hook'), continued: fc.boolean() }),
      { maxLength: 4 },
    ),
    commands: fc.array(command(!drawn.scanned), { maxLength: 3 }),
    package: fc.option(
      record({
        devices: drawn.scanned ? fc.array(device(true), { maxLength: 2 }) : fc.constant<Device[]>([]),
        nested: fc.integer({ min: 0, max: 2 }),
        eof: fc.boolean(),
      }),
      { nil: undefined, freq: 3 },
    ),
    iterable: drawn.scanned ? fc.option(device(true), { nil: undefined, freq: 3 }) : fc.constant(undefined),
    trailing: drawn.json ? fc.oneof(fc.constant(new Uint8Array(0)), bytes(60)) : fc.constant(new Uint8Array(0)),
    ids: fc.uniqueArray(fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 0xffffffff })), {
      minLength: 16,
      maxLength: 16,
    }),
    spaced: fc.boolean(),
    statePageSize: fc.boolean(),
  };
}

/** `unknown`: numbers that nobody knows and lengths that are wrong, which a scan cannot read past. */
const command = (unknown: boolean): fc.Arbitrary<{ command: number; payload: Uint8Array }> => {
  const known = fc
    .constantFrom([1, 0], [2, 4], [4, 0], [5, 0], [9, 0], [11, 0])
    .chain(([number, length]) => bytes(length!, length).map((payload) => ({ command: number!, payload })));
  const free = record({ command: fc.constantFrom(6, 10), payload: bytes(60) });
  const odd = record({
    command: fc.oneof(fc.constantFrom(0, 8, 12, 0xffff), fc.integer({ min: 12, max: 0xffff })),
    payload: bytes(300),
  });
  return unknown ? fc.oneof(known, free, odd) : fc.oneof(known, free);
};

function assemble(drawn: Shape, blocks: readonly RamBlockEntry[], rest: Parts): StreamModel {
  const { layout, pageSize, footers } = drawn;
  const ids = rest.ids.values();
  const id = (): number => ids.next().value!;
  const items: ModelItem[] = [{ kind: 'header' }];
  if (drawn.configuration) items.push(configurationItem(drawn, rest));
  if (drawn.advise) items.push(advise(blocks, pageSize));
  const close: ModelItem = { kind: 'section-close', footer: footers };
  const full = (one: Device): void => {
    items.push(
      { kind: 'section-open', type: 'full', section: header(id(), one) },
      { kind: 'payload', bytes: one.payload },
      close,
    );
  };
  rest.early.forEach(full);
  const ram = { idstr: 'ram', instanceId: 0, versionId: 4, payload: new Uint8Array(0), cut: 1 };
  const ramId = id();
  const open = (type: SectionKind, sectionId: number, one: Device): void => {
    const section = type === 'start' ? header(sectionId, one) : { sectionId, idstr: '', instanceId: 0, versionId: 0 };
    items.push({ kind: 'section-open', type, section });
  };
  const eos: ModelItem = { kind: 'ram-mark', mark: 'eos', flags: 0x10, address: 0 };
  open('start', ramId, ram);
  items.push(blockList(layout, pageSize, blocks, rest.memSizeFlags));
  if (rest.flush) items.push({ kind: 'ram-mark', mark: 'multifd-flush', flags: 0x200, address: 0 });
  items.push(eos, close);
  const other = rest.iterable === undefined ? undefined : { device: rest.iterable, id: id() };
  if (other !== undefined) {
    open('start', other.id, other.device);
    items.push({ kind: 'payload', bytes: other.device.payload }, close);
  }
  rest.rounds.forEach((round, i) => {
    open('part', ramId, ram);
    items.push(...round.pages.map((page): ModelItem => ({ kind: 'page', page })));
    if (round.mark !== 'none')
      items.push({
        kind: 'ram-mark',
        mark: round.mark as 'hook',
        flags: round.mark === 'hook' ? 0x80 : 0x200,
        address: 0,
      });
    items.push(round.continued ? ({ ...eos, flags: 0x30 } as ModelItem) : eos, close);
    if (other !== undefined && i === 0) {
      open('part', other.id, other.device);
      items.push({ kind: 'payload', bytes: other.device.payload.slice(3) }, close);
    }
  });
  for (const one of rest.commands) items.push({ kind: 'command', ...one });
  open('end', ramId, ram);
  items.push(eos, close);
  if (rest.package !== undefined)
    items.push(
      packaged(
        rest.package.devices.map((one) => [id(), one]),
        rest.package.nested,
        rest.package.eof,
        close,
      ),
    );
  rest.late.forEach(full);
  items.push({ kind: 'eof' });
  if (drawn.json) {
    const stated =
      drawn.pageSizeFrom === 'json' || (rest.statePageSize && drawn.pageSizeFrom !== 'option') ? pageSize : undefined;
    items.push({ kind: 'vmdescription', json: describeDevices([...rest.early, ...rest.late], stated, rest.spaced) });
    if (rest.trailing.length > 0) items.push({ kind: 'trailing', bytes: rest.trailing });
  }
  // Bytes behind the end hide the vmdescription from the first look, so that nothing tells an unusual page size.
  const hidden = rest.trailing.length > 0 && pageSize !== 4096;
  const options = drawn.pageSizeFrom === 'option' || hidden ? { targetPageSize: pageSize } : {};
  return {
    layout,
    pageSize,
    items,
    options,
    pipe: drawn.pageSizeFrom !== 'json' || pageSize === 4096,
    tame: drawn.scanned,
  };
}

function configurationItem({ layout, pageSize, pageSizeFrom }: Shape, rest: Parts): ModelItem {
  const shared = layouts[layout].gpa ? ['x-ignore-shared'] : [];
  const mapped = layouts[layout].mapped ? ['mapped-ram'] : [];
  const names = [...shared, ...mapped, ...(rest.idleCapability ? ['xbzrle'] : [])];
  return {
    kind: 'configuration',
    configuration: {
      machine: rest.machine,
      subsections: [
        ...(pageSizeFrom === 'bits'
          ? [{ kind: 'target-page-bits' as const, version: 1, bits: Math.log2(pageSize) }]
          : []),
        ...(names.length > 0 ? [{ kind: 'capabilities' as const, version: 1, names }] : []),
        ...(rest.uuid ? [{ kind: 'uuid' as const, version: 1, uuid: new Uint8Array(16).fill(5) }] : []),
        // Its end is where the next thing begins, which must look like one.
        ...(rest.extra === undefined || rest.early.some((one) => !/^[ -~]+$/.test(one.idstr)) ? [] : [rest.extra]),
      ],
    },
  };
}

function advise(blocks: readonly RamBlockEntry[], pageSize: number): ModelItem {
  const payload = new Uint8Array(16);
  const view = new DataView(payload.buffer);
  view.setBigUint64(
    0,
    blocks.reduce((sum, block) => sum | BigInt(block.pageSize ?? 4096), 4096n),
  );
  view.setBigUint64(8, BigInt(pageSize));
  return { kind: 'command', command: 3, payload };
}

function blockList(layout: LayoutName, pageSize: number, blocks: readonly RamBlockEntry[], flags: number): ModelItem {
  const total = blocks.reduce((sum, block) => sum + block.usedLength, 0);
  return { kind: 'ram-blocks', total, flags, layout, pageSize, blocks, continues: false };
}

function packaged(
  devices: readonly (readonly [number, Device])[],
  nested: number,
  eof: boolean,
  close: ModelItem,
): ModelItem {
  const items: ModelItem[] = [{ kind: 'command', command: 4, payload: new Uint8Array(0) }];
  for (const [id, one] of devices)
    items.push(
      { kind: 'section-open', type: 'full', section: header(id, one) },
      { kind: 'payload', bytes: one.payload },
      close,
    );
  if (nested > 0) items.push(packaged([], nested - 1, false, close));
  items.push({ kind: 'command', command: 5, payload: new Uint8Array(0) });
  if (eof) items.push({ kind: 'eof' }, { kind: 'trailing', bytes: Uint8Array.of(1, 2, 3) });
  return { kind: 'package', items };
}
