// What QEMU accepts although it is damage, what it refuses although this reader gets past it, and what is only noted:
// each made of a real capture by one named change.
import { describe, expect, test } from 'vitest';
import { forwardSource, memorySource } from '../../../../src/bytes/source.js';
import type { MapRow } from '../../../../src/ops/inspect.js';
import { findingCodes, type FindingCode } from '../../../../src/ops/verify/codes.js';
import type { Edit } from '../../../../src/ops/rewrite/edit.js';
import { edited, look } from '../../../support/edits.js';
import { fixtureBytes } from '../../../support/fixtures.js';
import { verify } from '../../../support/verify.js';

const PLAIN = '7.2.22-plain';

async function errors(bytes: Uint8Array): Promise<FindingCode[]> {
  return (await verify(bytes)).findings.filter((one) => one.severity === 'error').map((one) => one.code);
}

/** Without the items that `drop` names. */
async function without(bytes: Uint8Array, drop: (row: MapRow) => boolean): Promise<Uint8Array> {
  const { map } = await look(bytes);
  return Buffer.concat(map.filter((row) => !drop(row)).map((row) => bytes.subarray(row.span.start, row.span.end)));
}

async function rowOf(bytes: Uint8Array, which: (row: MapRow) => boolean): Promise<MapRow> {
  return (await look(bytes)).map.find(which)!;
}

const ram = (row: MapRow): boolean => row.section?.idstr === 'ram';
const forced = async (name: string, ...edits: Edit[]): Promise<Uint8Array> =>
  (await edited(fixtureBytes(name), edits, { force: true })).bytes;
const inserted = (bytes: Uint8Array, at: number, hex: string): Uint8Array =>
  Buffer.concat([bytes.subarray(0, at), Buffer.from(hex, 'hex'), bytes.subarray(at)]);
const patched = (bytes: Uint8Array, at: number, hex: string): Uint8Array => {
  const copy = Buffer.from(bytes);
  Buffer.from(hex, 'hex').copy(copy, at);
  return copy;
};

describe('QEMU loads it, and the guest is broken', () => {
  test.each<[FindingCode, (bytes: Uint8Array) => Promise<Uint8Array>]>([
    ['no-ram', (bytes) => without(bytes, ram)],
    ['ram-never-sent', (bytes) => without(bytes, (row) => ram(row) && row.kind === 'part')],
    ['no-devices', (bytes) => without(bytes, (row) => row.kind === 'full')],
    ['device-missing', (bytes) => without(bytes, (row) => row.section?.idstr === 'timer')],
    [
      'eof-in-the-middle',
      async (bytes) => inserted(bytes, (await rowOf(bytes, (row) => row.section?.idstr === 'i8259')).span.start, '00'),
    ],
  ])('%s', async (code, change) => {
    const { findings, verdict } = await verify(await change(fixtureBytes(PLAIN)));
    const found = findings.find((one) => one.code === code);
    expect(found, JSON.stringify(findings.map((one) => one.code))).toMatchObject({ severity: 'error', silent: true });
    expect(verdict).toBe('broken');
  });

  test('two instances exchanged', async () => {
    const bytes = fixtureBytes(PLAIN);
    const [first, second] = (await look(bytes)).map.filter((row) => row.section?.idstr === 'i8259');
    // Behind the type byte: section id, idstr with its length, then the instance.
    const at = (row: MapRow): number => row.span.start + 1 + 4 + 1 + 5;
    expect(await errors(patched(patched(bytes, at(first!), '00000001'), at(second!), '00000000'))).toEqual([
      'device-order',
    ]);
  });

  test('main memory out of the list, a page that never came, an empty list', async () => {
    expect(await errors(await forced(PLAIN, { edit: 'drop-block', block: 'pc.ram' }))).toContain('no-main-memory');
    expect(await errors(await forced(PLAIN, { edit: 'rename-block', block: 'pc.ram', to: 'pc.vram' }))).toEqual([
      'no-main-memory',
    ]);
    const bytes = await forced(PLAIN, { edit: 'resize-block', block: 'pc.ram', length: 0x203000 });
    const { findings } = await verify(bytes);
    expect(findings.find((one) => one.code === 'pages-missing')).toMatchObject({
      silent: true,
      text: '3 of 515 pages of "pc.ram" never came: 0x200000-0x203000',
    });
  });

  test('a mapped-ram bitmap that points elsewhere, a header that no QEMU writes', async () => {
    const bytes = fixtureBytes('11.1.3-mapped-ram');
    const { blocks } = await look(bytes);
    const header = blocks[0]!.mapped!.bitmapOffset - 28;
    expect(await errors(patched(bytes, header + 12, '0000000000001234'))).toEqual(['mapped-bitmap']);
    expect(await errors(patched(bytes, header + 4, '0000000000000000'))).toContain('mapped-header');
  });
});

describe('refused by QEMU, read by this reader', () => {
  test.each<[FindingCode, string]>([
    ['unknown-command', '0800500000'],
    ['command-length', '080001000133'],
    ['ping-without-return-path', '080002000400000001'],
    ['postcopy-order', '0800040000'],
  ])('%s', async (code, command) => {
    const bytes = fixtureBytes(PLAIN);
    expect(await errors(inserted(bytes, (await rowOf(bytes, ram)).span.start, command))).toEqual([code]);
  });

  test('ram of another version or instance', async () => {
    const bytes = fixtureBytes(PLAIN);
    const { start } = (await rowOf(bytes, ram)).span;
    expect(await errors(patched(bytes, start + 1 + 4 + 4, '00000001'))).toEqual(['ram-instance']);
    expect(await errors(patched(bytes, start + 1 + 4 + 4 + 4, '00000003'))).toEqual(['ram-version']);
  });

  test('configuration: a capability, a subsection and a version that no QEMU has', async () => {
    expect(await errors(await forced(PLAIN, { edit: 'set-capability', capability: 'no-such' }))).toEqual([
      'unknown-capability',
    ]);
    const uuid = fixtureBytes('7.2.22-uuid');
    const name = Buffer.from(uuid).indexOf('configuration/uuid');
    expect(await errors(patched(uuid, name + 18, '00000002'))).toEqual(['subsection-version']);
    // QEMU keeps the low 8 bits.
    expect(await errors(patched(uuid, name + 18, '00000101'))).toEqual([]);
    const { findings } = await verify(await forced(PLAIN, { edit: 'machine', name: 'pc' }));
    expect(findings.map((one) => one.code)).toContain('machine-unnamed');
  });

  test('pages of a block that 4.0 left out, a run state that nobody has, releases that exclude each other', async () => {
    const plain = await forced('4.0.0-ignore-shared', { edit: 'ignored', block: 'pc.rom', ignored: true });
    expect(await errors(plain)).toEqual(['pages-of-ignored-block']);
    const bytes = fixtureBytes(PLAIN);
    const { start } = (await rowOf(bytes, (row) => row.section?.idstr === 'globalstate')).span;
    expect(await errors(patched(bytes, start + 1 + 4 + 1 + 'globalstate'.length + 8 + 4, '78'))).toEqual([
      'globalstate',
    ]);
    expect(await errors(await forced('4.0.0-ignore-shared', { edit: 'machine', name: 'pc-i440fx-7.2' }))).toEqual([
      'no-release',
    ]);
  });
});

describe('warnings and notes', () => {
  test.each<[FindingCode, string]>([
    ['pages-elsewhere', '10.0.13-multifd'],
    ['postcopy-went-over', '7.2.22-postcopy'],
    ['postcopy-advised', '7.2.22-postcopy-ready'],
    ['return-path', '7.2.22-return-path'],
    ['uuid', '7.2.22-uuid'],
    ['no-configuration', '7.2.22-no-configuration'],
    ['no-vmdescription', '7.2.22-no-vmdesc'],
    ['memory-outside', '7.2.22-ignore-shared'],
    ['mac-addresses', '7.2.22-q35-devices'],
    ['clock', '7.2.22-plain'],
    ['no-vmgenid', '7.2.22-plain'],
    ['cpu-model', '7.2.22-plain'],
    ['versions', '7.2.22-plain'],
  ])('%s in %s', async (code, name) => {
    const { findings } = await verify(fixtureBytes(name));
    expect(findings.map((one) => one.code)).toContain(code);
  });

  test.each([
    ['10.0.13-plain', '10.0', undefined],
    ['4.0.0-ignore-shared', '4.0', '4.0'],
    ['4.1.0-ignore-shared', '4.1', '10.0'],
    ['5.2.0-compress', '5.2', '9.0'],
  ])('releases that read %s', async (name, since, until) => {
    const { loadable } = await verify(fixtureBytes(name));
    expect(loadable.since === undefined ? undefined : `${loadable.since.major}.${loadable.since.minor}`).toBe(since);
    expect(loadable.until === undefined ? undefined : `${loadable.until.major}.${loadable.until.minor}`).toBe(until);
  });

  test('what stands behind the end, and a name that drives no terminal', async () => {
    const { findings, verdict } = await verify(Buffer.concat([fixtureBytes(PLAIN), Buffer.from([0x77, 0x1b])]));
    expect(verdict).toBe('sound');
    expect(findings.map((one) => one.code)).toContain('trailing-data');
    const named = await verify(await forced(PLAIN, { edit: 'set-capability', capability: '\x1b[31m' }));
    expect(JSON.stringify(named.findings.map((one) => one.text))).not.toContain('\\u001b');
  });

  test('every code has its words', () => {
    for (const [code, facts] of Object.entries(findingCodes)) {
      expect(facts.explanation, code).toMatch(/[.:"]$/);
      expect(facts.cure, code).not.toBe('');
    }
  });
});

test('from a pipe: the same findings but for places found by another way', async () => {
  const bytes = await without(fixtureBytes(PLAIN), (row) => row.section?.idstr === 'timer');
  const piped = await verify(forwardSource(memorySource(bytes)));
  expect(piped.findings.map((one) => one.code)).toEqual((await verify(bytes)).findings.map((one) => one.code));
});
