// decode and encode of real captures: a document that nobody edited gives the same bytes again, one that was gives a
// stream that reads whole, and one that is none gets one typed error.
import { Refused } from '../../../src/base/refused.js';
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MigrationStreamError } from '../../../src/base/errors.js';
import { forwardSource, memorySink, memorySource } from '../../../src/bytes/source.js';
import { checkDocument, parseDocument } from '../../../src/ops/json/check.js';
import { layoutsOfStream } from '../../../src/ops/devices/learned-layouts.js';
import { readDevices } from '../../../src/ops/devices/read-devices.js';
import { decodeItems, type DecodeOptions } from '../../../src/ops/json/decode.js';
import type { DecodedDocument, DocumentItem } from '../../../src/ops/json/document.js';
import { encodeDocument } from '../../../src/ops/json/encode.js';
import { openStream } from '../../../src/open/open-stream.js';
import { findNodes, parseSchema } from '../../../src/vmstate/index.js';
import { look } from '../../support/edits.js';
import { mstream } from '../../support/fake-host.js';
import { fixtureBytes, fixtureNames } from '../../support/fixtures.js';
import { cases } from '../../support/seed.js';
import { devicesOf } from '../../support/vmstate.js';

const schema = (name: string): object =>
  JSON.parse(readFileSync(new URL(`../../../docs/schema/${name}.json`, import.meta.url), 'utf8'));
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
ajv.addSchema(schema('common'));
const fitsSchema = ajv.compile(schema('decode'));
const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

async function decode(
  bytes: Uint8Array,
  pipe = false,
  options: DecodeOptions = {},
): Promise<{ document: DecodedDocument; ram: Uint8Array; holes: number }> {
  const sink = memorySink();
  let holes = 0;
  const ram = { ...sink, skip: (length: number) => ((holes += length), sink.skip(length)) };
  const items: DocumentItem[] = [];
  const source = memorySource(bytes);
  for await (const item of decodeItems(
    await openStream(pipe ? forwardSource(source) : source, { poison: true }),
    ram,
    options,
  ))
    items.push(item);
  // Through text, as a user would have it.
  const document = parseDocument(JSON.stringify({ schemaVersion: 1, kind: 'mstream-decode', from: 'test', items }));
  return { document, ram: sink.bytes(), holes };
}

async function encode(document: DecodedDocument, ram: Uint8Array): Promise<Uint8Array> {
  const sink = memorySink();
  await encodeDocument(document, memorySource(ram), sink);
  return sink.bytes();
}

const edit = (document: DecodedDocument, map: (item: DocumentItem) => DocumentItem): DecodedDocument => ({
  ...document,
  items: document.items.map(map),
});

describe('nothing edited, nothing changed', () => {
  test.each(fixtureNames)('%s', async (name) => {
    const before = fixtureBytes(name);
    const { document, ram, holes } = await decode(before, fixtureNames.indexOf(name) % 2 === 1);
    if (!fitsSchema(document)) expect(ajv.errorsText(fitsSchema.errors)).toBe('');
    expect(same(await encode(document, ram), before)).toBe(true);
    if (name.includes('mapped-ram')) expect(holes).toBeGreaterThan(ram.length / 2);
    expect(document.items.filter((item) => item.kind === 'mapped-area').length).toBeLessThan(10);
  });
});

describe('fields', () => {
  type Fields = Extract<DocumentItem, { kind: 'payload'; fields: unknown }>;
  const withFields = (document: DecodedDocument): Fields[] =>
    document.items.filter((item): item is Fields => item.kind === 'payload' && 'fields' in item);
  const setField =
    (path: string, change: object) =>
    (item: DocumentItem): DocumentItem =>
      item.kind === 'payload' && 'fields' in item
        ? { ...item, fields: item.fields.map((field) => (field.path === path ? { ...field, ...change } : field)) }
        : item;

  test('every described payload has them, from a file and from a pipe, and none without a description', async () => {
    for (const name of ['7.2.22-q35-devices', '5.2.0-plain', '11.1.3-mapped-ram']) {
      const { document } = await decode(fixtureBytes(name));
      expect(withFields(document).length).toBe((await devicesOf(fixtureBytes(name)))!.states.length);
      expect((await decode(fixtureBytes(name), true)).document).toEqual(document);
    }
    expect(withFields((await decode(fixtureBytes('10.0.13-no-vmdesc'))).document)).toEqual([]);
    expect(withFields((await decode(fixtureBytes('10.0.13-no-vmdesc'), true)).document)).toEqual([]);
  });

  test('a document of hex, as it was before there were fields', async () => {
    const bytes = fixtureBytes('7.2.22-plain');
    const { document, ram } = await decode(bytes, false, { fields: false });
    expect(withFields(document)).toEqual([]);
    expect(same(await encode(document, ram), bytes)).toBe(true);
  });

  test.each(['10.0.13-no-vmdesc', '10.0.13-postcopy'])(
    '%s by the layouts of another stream: and nothing else is needed to encode',
    async (name) => {
      const bytes = fixtureBytes(name);
      const layouts = layoutsOfStream(parseSchema((await devicesOf(fixtureBytes('10.0.13-plain')))!.json), 'plain');
      for (const pipe of [false, true]) {
        const { document, ram } = await decode(bytes, pipe, { layouts });
        expect(withFields(document).length).toBe(30);
        expect(same(await encode(document, ram), bytes)).toBe(true);
      }
    },
  );

  test.each<[string, object, string]>([
    ['env.eip', { value: '0x7c00' }, '31744'],
    ['env.eip', { value: 7 }, '7'],
    ['env.eip', { value: '18446744073709551615' }, '18446744073709551615'],
    ['env.a20_mask', { value: -2 }, '-2'],
    ['env.fpuc', { bytes: '1234' }, '4660'],
  ])('%s %j', async (path, change, value) => {
    const { document, ram } = await decode(fixtureBytes('4.0.0-ignore-shared'));
    const bytes = await encode(edit(document, setField(path, change)), ram);
    const before = fixtureBytes('4.0.0-ignore-shared');
    expect(bytes.length).toBe(before.length);
    const { devices } = await readDevices(bytes);
    const [node] = findNodes(
      devices.map(({ state }) => state),
      `cpu.${path}`,
    );
    expect(node?.kind === 'leaf' ? String(node.value) : undefined).toBe(value);
    const differs = [...bytes.keys()].filter((at) => bytes[at] !== before[at]);
    expect(differs.every((at) => at >= node!.span.start && at < node!.span.end)).toBe(true);
  });

  test('a text, an array, and a bool', async () => {
    const { document, ram } = await decode(fixtureBytes('4.0.0-ignore-shared'));
    const changed = [
      setField('runstate', { value: 'running' }),
      setField('lvt', { values: [1, 2, 3, 4, 5, 6] }),
      setField('smb.op_done', { value: false }),
    ].reduce(edit, document);
    const { stdout } = await mstream(['get', 's', 'globalstate.runstate', 'apic.lvt[5]', '*.smb.op_done'], {
      files: { s: await encode(changed, ram) },
    });
    expect(stdout).toBe('globalstate.runstate=running\napic.lvt[5]=6\n0000:00:01.3/piix4_pm.smb.op_done=false\n');
  });

  test.each<[string, object, RegExp]>([
    ['env.eip', { value: '59x' }, /no number/],
    ['env.eip', { value: 2 ** 60 }, /write it as a string/],
    ['env.eip', { value: '-1' }, /-1 is no uint64/],
    ['env.eip', { value: true }, /true is no uint64/],
    ['env.fpuc', { value: 65536 }, /65536 is no uint16/],
    ['env.eip', { type: 'text' }, /a string "value" with a "length"/],
    ['env.eip', { type: 'text', value: 'abc', length: 3 }, /do not fit 3 bytes/],
    ['env.eip', { type: 'text', value: 'a', length: 2 ** 50 }, /a text of more than/],
  ])('refused: %s %j', async (path, change, words) => {
    const { document, ram } = await decode(fixtureBytes('4.0.0-ignore-shared'));
    const error: unknown = await encode(edit(document, setField(path, change)), ram).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(MigrationStreamError);
    const { code, message, path: place } = error as MigrationStreamError;
    expect([code, message, place.at(-1), place[0]]).toEqual([
      'cannot-encode',
      expect.stringMatching(words),
      path,
      'document',
    ]);
  });
});

describe('edited', () => {
  const machine =
    (name: string) =>
    (item: DocumentItem): DocumentItem =>
      item.kind === 'configuration' ? { ...item, machine: name } : item;

  test.each(['4.0.0-plain', '10.0.13-mapped-ram', '11.1.3-mapped-ram-multifd'])(
    '%s with another machine name',
    async (name) => {
      const { document, ram } = await decode(fixtureBytes(name));
      const bytes = await encode(edit(document, machine('a machine with a longer name')), ram);
      const seen = await look(bytes);
      expect([seen.error, seen.complete, seen.configuration?.machine]).toEqual([
        undefined,
        true,
        'a machine with a longer name',
      ]);
      const back = await decode(bytes);
      const was = document.items.find((item) => item.kind === 'configuration')!;
      expect(same(await encode(edit(back.document, machine(was.machine)), back.ram), fixtureBytes(name))).toBe(true);
    },
  );

  test('a name that leaves mapped-ram pages no room', async () => {
    const { document, ram } = await decode(fixtureBytes('10.0.13-mapped-ram'));
    const long = edit(document, (item) =>
      item.kind === 'ram-blocks'
        ? {
            ...item,
            blocks: item.blocks.map((block) => ({
              ...block,
              mapped: { ...block.mapped!, bitmapOffset: block.mapped!.bitmapOffset + 1 },
            })),
          }
        : item,
    );
    await expect(encode(edit(long, machine('x')), ram)).rejects.toBeInstanceOf(Refused);
  });

  test('a section in the blob of a postcopy stream: PACKAGED counts it', async () => {
    const { document, ram } = await decode(fixtureBytes('11.1.3-postcopy'));
    const longer = edit(document, (item) =>
      item.kind === 'section-open' && item.idstr === 'i8259' ? { ...item, idstr: 'a longer name' } : item,
    );
    const seen = await look(await encode(longer, ram));
    expect([seen.error, seen.complete]).toEqual([undefined, true]);
    expect(seen.map.filter((row) => row.section?.idstr === 'a longer name').map((row) => row.depth)).toEqual([1, 1]);
  });
});

const { document: whole } = await decode(fixtureBytes('10.0.13-uuid'));

describe('hostile documents', () => {
  const small: DecodedDocument = {
    ...whole,
    items: [...new Map(whole.items.map((item) => [item.kind, item])).values()].map((item) =>
      item.kind === 'vmdescription' ? { ...item, text: '{}' } : item,
    ),
  };

  const value = fc.oneof(
    fc.constantFrom(
      null,
      true,
      -1,
      0,
      1.5,
      3,
      256,
      'uint8',
      'uint64',
      'text',
      65536,
      2 ** 32,
      2 ** 53,
      '',
      'ff',
      'FF',
      'f',
      '0x0',
      '0X1',
      '0x',
      'ÿ',
      'Ā',
      'é'.repeat(256),
      [],
      {},
      'plain',
      'eof',
      'constructor',
      '__proto__',
    ),
    fc.string({ maxLength: 5 }),
  );

  test('our check and the published schema agree', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(), fc.constantFrom('set', 'delete', 'add'), value), { minLength: 1, maxLength: 2 }),
        (changes) => {
          const copy: unknown = JSON.parse(JSON.stringify(small));
          for (const [at, how, to] of changes) mutate(copy, at, how, to);
          let ours: MigrationStreamError | undefined;
          try {
            checkDocument(copy);
          } catch (error) {
            if (!(error instanceof MigrationStreamError)) throw error;
            ours = error;
          }
          expect([fitsSchema(copy), ours?.message]).toEqual([ours === undefined, ours?.message]);
          if (ours !== undefined) expect([ours.code, ours.path[0]]).toEqual(['cannot-encode', 'document']);
        },
      ),
      cases(1500),
    );
  });

  test('what passes the check is written, or refused with one typed error', async () => {
    const ram = new Uint8Array(5000);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(), value), { minLength: 1, maxLength: 3 }),
        fc.shuffledSubarray(small.items.map((_, i) => i)),
        async (changes, order) => {
          const copy = JSON.parse(
            JSON.stringify({ ...small, items: order.map((i) => small.items[i]) }),
          ) as DecodedDocument;
          for (const [at, to] of changes) mutate(copy, at, 'set', to);
          try {
            checkDocument(copy);
            await encode(copy, ram);
          } catch (error) {
            if (!(error instanceof MigrationStreamError) && !(error instanceof Refused)) throw error;
          }
        },
      ),
      cases(500),
    );
  });

  test.each([
    '',
    '{',
    '[]',
    'null',
    '1',
    '"x"',
    '{"schemaVersion":2}',
    `{"items":${'['.repeat(5000)}${']'.repeat(5000)}}`,
    '\0',
  ])('%j', (json) => {
    expect(() => parseDocument(json)).toThrow(MigrationStreamError);
  });
});

/** Changes the `at`-th place (of all members and elements, in order) of a JSON value. */
function mutate(root: unknown, at: number, how: string, to: unknown): void {
  const places: [object, string][] = [];
  const walk = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const key of Object.keys(node)) {
      places.push([node, key]);
      walk((node as Record<string, unknown>)[key]);
    }
  };
  walk(root);
  const place = places[at % places.length];
  if (place === undefined) return;
  const [node, key] = place as [Record<string, unknown>, string];
  if (how === 'set' || Array.isArray(node)) node[key] = to;
  else if (how === 'delete') delete node[key];
  else node['extra'] = to;
}

describe('the commands', () => {
  const state = fixtureBytes('4.0.0-ignore-shared');

  test('decode to files, encode from them', async () => {
    const decoded = await mstream(['decode', 'state', '-o', '/x/doc.json', '--ram', '/x/pages'], { files: { state } });
    expect([decoded.code, decoded.stdout, decoded.stderr]).toEqual([0, '', '']);
    const json = Buffer.from(decoded.written.get('/x/doc.json')!).toString();
    expect(json).not.toMatch(/[^\x20-\x7e\n]/);
    expect(json.split('\n')[0]).toBe(
      '{"schemaVersion": 1, "kind": "mstream-decode", "from": "state", "ram": "pages", "items": [',
    );
    expect(fitsSchema(JSON.parse(json)), ajv.errorsText(fitsSchema.errors)).toBe(true);
    const files = { '/x/doc.json': Buffer.from(json), '/x/pages': decoded.written.get('/x/pages')! };
    const encoded = await mstream(['encode', '/x/doc.json', '-o', 'again'], { files });
    expect([encoded.code, encoded.stderr]).toEqual([0, '']);
    expect(same(encoded.written.get('again')!, state)).toBe(true);
  });

  test('through pipes', async () => {
    const decoded = await mstream(['decode', '-', '-o', '-', '--ram', 'pages'], { stdin: state });
    expect(decoded.code).toBe(0);
    const encoded = await mstream(['encode', '-', '-o', '-', '--ram', 'pages'], {
      stdin: Buffer.from(decoded.stdout),
      files: { pages: decoded.written.get('pages')! },
    });
    expect(encoded.code).toBe(0);
    expect(same(encoded.written.get('-')!, state)).toBe(true);
  });

  test.each([
    ['no place for RAM', ['decode', 'state'], 1, /^refused: the stream has page records.*\n {2}hint: --ram FILE/],
    ['a damaged stream', ['decode', 'cut', '--ram', 'pages'], 3, /^truncated: /],
    ['the input as output', ['decode', 'state', '-o', 'state'], 2, /state is read: it is never written/],
    ['one file for both', ['decode', 'state', '-o', 'x', '--ram', './x'], 2, /x is to be written twice/],
    ['no output', ['encode', 'doc'], 2, /where to\?/],
    ['no JSON', ['encode', 'state', '-o', 'x'], 3, /^cannot-encode: the document is no JSON/],
    ['a RAM file that is not there', ['encode', 'doc', '-o', 'x'], 3, /cannot open pages/],
    ['a RAM file from elsewhere', ['encode', 'elsewhere', '-o', 'x'], 2, /"\.\.\/pages", which is not beside it/],
    ['a RAM file that is too short', ['encode', 'doc', '-o', 'x', '--ram', 'state'], 3, /items\[0\]|behind the end/],
  ])('%s', async (_, args, code, words) => {
    const doc = (ram: string): Uint8Array =>
      Buffer.from(
        JSON.stringify({
          schemaVersion: 1,
          kind: 'mstream-decode',
          ram,
          items: [{ kind: 'pages', ram: { at: 0, length: 1e6 } }],
        }),
      );
    const outcome = await mstream(args, {
      files: { state, cut: state.subarray(0, 30_000), doc: doc('pages'), elsewhere: doc('../pages') },
    });
    expect([outcome.code, outcome.stderr]).toEqual([code, expect.stringMatching(words)]);
    expect([...outcome.written.keys()]).toEqual([]);
  });
});
