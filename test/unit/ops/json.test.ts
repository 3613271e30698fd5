// decode and encode of real captures: a document that nobody edited gives the same bytes again.
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { memorySink, memorySource } from '../../../src/bytes/source.js';
import { decodeItems } from '../../../src/ops/json/decode.js';
import type { DecodedDocument, DocumentItem } from '../../../src/ops/json/document.js';
import { encodeDocument } from '../../../src/ops/json/encode.js';
import { openStream } from '../../../src/ops/open-stream.js';

const root = new URL('../../../fixtures/streams/', import.meta.url);
const captures = readdirSync(root).filter((name) => readdirSync(new URL(`${name}/`, root)).includes('state.gz'));

async function decode(bytes: Uint8Array): Promise<{ document: DecodedDocument; ram: Uint8Array }> {
  const ram = memorySink();
  const items: DocumentItem[] = [];
  for await (const item of decodeItems(await openStream(bytes, { poison: true }), ram)) items.push(item);
  // Through text, as a user would have it.
  const document = JSON.parse(JSON.stringify({ schemaVersion: 1, kind: 'mstream-decode', from: 'test', items })) as DecodedDocument;
  return { document, ram: ram.bytes() };
}

test.each(captures)('%s', async (name) => {
  const before = gunzipSync(readFileSync(new URL(`${name}/state.gz`, root)));
  const { document, ram } = await decode(before);
  const sink = memorySink();
  await encodeDocument(document, memorySource(ram), sink);
  expect(Buffer.compare(sink.bytes(), before)).toBe(0);
});
