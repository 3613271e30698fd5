// The built portable entries: no module of Node, no code made from text, and a realm that has only what browsers have.
// They are those of dist/: `npm run build:js` first.

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createContext, runInContext } from 'node:vm';
import { gunzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type * as Portable from '../src/api/index.js';
import { concatBytes } from '../src/base/bytes.js';
import { memorySink, memorySource } from '../src/bytes/source.js';
import { libvirtHeader } from '../src/container/libvirt/header.js';
import { writeFreshImage } from '../src/container/qcow2/write-fresh.js';
import { encodeBytes } from '../src/wire/kit/codec.js';
import { fixtureBytes } from './support/fixtures.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'mstream-portable-'));
afterAll(() => rmSync(folder, { recursive: true }));

const stream = fixtureBytes('7.2.22-plain');

async function containers(): Promise<Readonly<Record<'libvirt' | 'qcow2' | 'channel' | 'elf', Uint8Array>>> {
  const xml = new TextEncoder().encode('<domain><name>vm</name></domain>\0');
  const header = encodeBytes(libvirtHeader, {
    magic: 'LibvirtQemudSave',
    littleEndian: true,
    version: 2,
    dataLength: xml.length,
    wasRunning: 1,
    format: 0,
    cookieOffset: 0,
    unused: new Uint8Array(56),
  });
  const image = memorySink();
  await writeFreshImage(memorySource(stream), image, { diskSize: 1 << 20, tag: 'snap' });
  const channel = new URL('../fixtures/streams/10.0.13-multifd/chan1.gz', import.meta.url);
  return {
    libvirt: concatBytes([header, xml, stream]),
    qcow2: image.bytes(),
    channel: gunzipSync(readFileSync(channel)),
    elf: readFileSync(process.execPath).subarray(0, 4096),
  };
}

test('the portable entry makes no code from text, and decodes foreign headers', async () => {
  const files = await containers();
  const paths = Object.entries(files).map(([name, bytes]) => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  });
  const script = ['test/support/children/portable.mjs', ...paths];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--disallow-code-generation-from-strings', ...script],
    { cwd: root },
  );
  const machine = { machine: 'pc-i440fx-7.2', bytes: stream.length, kind: 'migration-stream', detail: '' };
  expect(JSON.parse(stdout)).toEqual({
    evaluates: false,
    files: [
      { ...machine, containers: ['libvirt'] },
      { ...machine, containers: ['qcow2'] },
      { kind: 'multifd-channel', detail: expect.stringMatching(/^channel \d/) as string, containers: [] },
      { kind: 'elf', detail: expect.stringMatching(/^program/) as string, containers: [] },
    ],
  });
});

/** One script for the browser. Every import that leads out of dist/ is an error. */
async function bundled(entry: string): Promise<string> {
  const build = await rolldown({
    input: `${root}/dist/${entry}.js`,
    platform: 'browser',
    onLog(_level, log) {
      throw new Error(log.message);
    },
  });
  const { output } = await build.generate({ format: 'iife', name: 'library', codeSplitting: false });
  await build.close();
  expect(output.length).toBe(1);
  expect(output[0].imports).toEqual([]);
  return output[0].code;
}

describe('in a browser', () => {
  let script = '';
  beforeAll(async () => {
    script = await bundled('index');
  });

  test.each(['vmstate', 'verify', 'transplant'])('%s has no module of Node either', async (entry) => {
    expect(await bundled(entry)).not.toMatch(/["']node:/);
  });

  test('a stream is opened from a Blob', async () => {
    // What browsers have beyond the language, as far as the library uses it.
    const realm = createContext(
      { Blob, TextDecoder, TextEncoder, AbortController, AbortSignal, DOMException },
      { codeGeneration: { strings: false, wasm: false } },
    );
    runInContext(script, realm);
    expect(runInContext('[typeof process, typeof Buffer, typeof require, typeof setImmediate]', realm)).toEqual(
      Array.from({ length: 4 }, () => 'undefined'),
    );
    const library = runInContext('library', realm) as typeof Portable;
    const { libvirt } = await containers();
    const { inner, layers } = await library.openContainers(library.blobSource(new Blob([Uint8Array.from(libvirt)])));
    expect(layers.map(({ facts }) => facts.container)).toEqual(['libvirt']);
    const { configuration, totals, blocks, error } = await library.inspect(await library.openStream(inner));
    expect(error).toBeUndefined();
    expect(configuration?.machine).toBe('pc-i440fx-7.2');
    expect(totals.bytes).toBe(stream.length);
    expect(blocks.map(({ idstr }) => idstr)).toContain('pc.bios');
    const sink = library.memorySink();
    await library.rewrite(inner, sink, []);
    // Arrays of another realm have another prototype.
    expect(Uint8Array.from(sink.bytes())).toEqual(stream);
  });
});
