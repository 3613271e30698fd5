// decode and encode of real captures: a document that nobody edited gives the same bytes again, one that was gives a
// stream that reads whole, and one that is none gets one typed error.
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MigrationStreamError } from '../../../src/base/errors.js';
import { forwardSource, memorySink, memorySource } from '../../../src/bytes/source.js';
import { checkDocument, parseDocument } from '../../../src/ops/json/check.js';
import { decodeItems } from '../../../src/ops/json/decode.js';
import type { DecodedDocument, DocumentItem } from '../../../src/ops/json/document.js';
import { encodeDocument } from '../../../src/ops/json/encode.js';
import { openStream } from '../../../src/ops/open-stream.js';
import { EditError } from '../../../src/ops/rewrite/edit.js';
import { look } from '../../support/edits.js';
import { mstream } from '../../support/fake-host.js';
import { fixtureBytes, fixtureNames } from '../../support/fixtures.js';
import { cases } from '../../support/seed.js';

const schema = (name: string): object => JSON.parse(readFileSync(new URL(`../../../docs/schema/${name}.json`, import.meta.url), 'utf8'));
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
ajv.addSchema(schema('common'));
const fitsSchema = ajv.compile(schema('decode'));
const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

async function decode(bytes: Uint8Array, pipe = false): Promise<{ document: DecodedDocument; ram: Uint8Array; holes: number }> {
  const sink = memorySink();
  let holes = 0;
  const ram = { ...sink, skip: (length: number) => ((holes += length), sink.skip(length)) };
  const items: DocumentItem[] = [];
  const source = memorySource(bytes);
  for await (const item of decodeItems(await openStream(pipe ? forwardSource(source) : source, { poison: true }), ram)) items.push(item);
  // Through text, as a user would have it.
  const document = parseDocument(JSON.stringify({ schemaVersion: 1, kind: 'mstream-decode', from: 'test', items }));
  return { document, ram: sink.bytes(), holes };
}

async function encode(document: DecodedDocument, ram: Uint8Array): Promise<Uint8Array> {
  const sink = memorySink();
  await encodeDocument(document, memorySource(ram), sink);
  return sink.bytes();
}

const edit = (document: DecodedDocument, map: (item: DocumentItem) => DocumentItem): DecodedDocument => ({ ...document, items: document.items.map(map) });

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

describe('edited', () => {
  const machine = (name: string) => (item: DocumentItem): DocumentItem => (item.kind === 'configuration' ? { ...item, machine: name } : item);

  test.each(['4.0.0-plain', '10.0.13-mapped-ram', '11.1.3-mapped-ram-multifd'])('%s with another machine name', async (name) => {
    const { document, ram } = await decode(fixtureBytes(name));
    const bytes = await encode(edit(document, machine('a machine with a longer name')), ram);
    const seen = await look(bytes);
    expect([seen.error, seen.complete, seen.configuration?.machine]).toEqual([undefined, true, 'a machine with a longer name']);
    const back = await decode(bytes);
    const was = document.items.find((item) => item.kind === 'configuration')!;
    expect(same(await encode(edit(back.document, machine(was.machine)), back.ram), fixtureBytes(name))).toBe(true);
  });

  test('a name that leaves mapped-ram pages no room', async () => {
    const { document, ram } = await decode(fixtureBytes('10.0.13-mapped-ram'));
    const long = edit(document, (item) => (item.kind === 'ram-blocks' ? { ...item, blocks: item.blocks.map((block) => ({ ...block, mapped: { ...block.mapped!, bitmapOffset: block.mapped!.bitmapOffset + 1 } })) } : item));
    await expect(encode(edit(long, machine('x')), ram)).rejects.toBeInstanceOf(EditError);
  });

  test('a section in the blob of a postcopy stream: PACKAGED counts it', async () => {
    const { document, ram } = await decode(fixtureBytes('11.1.3-postcopy'));
    const longer = edit(document, (item) => (item.kind === 'section-open' && item.idstr === 'i8259' ? { ...item, idstr: 'a longer name' } : item));
    const seen = await look(await encode(longer, ram));
    expect([seen.error, seen.complete]).toEqual([undefined, true]);
    expect(seen.map.filter((row) => row.section?.idstr === 'a longer name').map((row) => row.depth)).toEqual([1, 1]);
  });
});

const { document: whole } = await decode(fixtureBytes('10.0.13-uuid'));

describe('hostile documents', () => {
  const small: DecodedDocument = {
    ...whole,
    items: [...new Map(whole.items.map((item) => [item.kind, item])).values()].map((item) => (item.kind === 'vmdescription' ? { ...item, text: '{}' } : item)),
  };

  const value = fc.oneof(
    fc.constantFrom(null, true, -1, 0, 1.5, 3, 256, 65536, 2 ** 32, 2 ** 53, '', 'ff', 'FF', 'f', '0x0', '0X1', '0x', 'ÿ', 'Ā', 'é'.repeat(256), [], {}, 'plain', 'eof', 'constructor', '__proto__'),
    fc.string({ maxLength: 5 }),
  );

  test('our check and the published schema agree', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), fc.constantFrom('set', 'delete', 'add'), value), { minLength: 1, maxLength: 2 }), (changes) => {
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
      }),
      cases(1500),
    );
  });

  test('what passes the check is written, or refused with one typed error', async () => {
    const ram = new Uint8Array(5000);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(), value), { minLength: 1, maxLength: 3 }), fc.shuffledSubarray(small.items.map((_, i) => i)), async (changes, order) => {
        const copy = JSON.parse(JSON.stringify({ ...small, items: order.map((i) => small.items[i]) })) as DecodedDocument;
        for (const [at, to] of changes) mutate(copy, at, 'set', to);
        try {
          checkDocument(copy);
          await encode(copy, ram);
        } catch (error) {
          if (!(error instanceof MigrationStreamError) && !(error instanceof EditError)) throw error;
        }
      }),
      cases(500),
    );
  });

  test.each(['', '{', '[]', 'null', '1', '"x"', '{"schemaVersion":2}', `{"items":${'['.repeat(5000)}${']'.repeat(5000)}}`, '\0'])('%j', (json) => {
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
    expect(json.split('\n')[0]).toBe('{"schemaVersion": 1, "kind": "mstream-decode", "from": "state", "ram": "pages", "items": [');
    expect(fitsSchema(JSON.parse(json)), ajv.errorsText(fitsSchema.errors)).toBe(true);
    const files = { '/x/doc.json': Buffer.from(json), '/x/pages': decoded.written.get('/x/pages')! };
    const encoded = await mstream(['encode', '/x/doc.json', '-o', 'again'], { files });
    expect([encoded.code, encoded.stderr]).toEqual([0, '']);
    expect(same(encoded.written.get('again')!, state)).toBe(true);
  });

  test('through pipes', async () => {
    const decoded = await mstream(['decode', '-', '-o', '-', '--ram', 'pages'], { stdin: state });
    expect(decoded.code).toBe(0);
    const encoded = await mstream(['encode', '-', '-o', '-', '--ram', 'pages'], { stdin: Buffer.from(decoded.stdout), files: { pages: decoded.written.get('pages')! } });
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
    const doc = (ram: string): Uint8Array => Buffer.from(JSON.stringify({ schemaVersion: 1, kind: 'mstream-decode', ram, items: [{ kind: 'pages', ram: { at: 0, length: 1e6 } }] }));
    const outcome = await mstream(args, { files: { state, cut: state.subarray(0, 30_000), doc: doc('pages'), elsewhere: doc('../pages') } });
    expect([outcome.code, outcome.stderr]).toEqual([code, expect.stringMatching(words)]);
    expect([...outcome.written.keys()]).toEqual([]);
  });
});
