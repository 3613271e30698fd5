// Containers written again. Nothing edited: the same file, byte for byte. Edited: what was not edited is the same. And
// any container converted to any other holds the same pages and devices.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { memorySink, memorySource } from '../../../src/bytes/source.js';
import { compressions } from '../../../src/bytes/decompressor.js';
import { nodeDecompressors } from '../../../src/bytes/node/decompressors.js';
import { keepContainers } from '../../../src/container/keep.js';
import { openContainers } from '../../../src/container/open.js';
import { libvirtFormats } from '../../../src/container/libvirt/header.js';
import { mstream, type Outcome } from '../../support/fake-host.js';
import { fixtureBytes } from '../../support/fixtures.js';

const fixture = (name: string): Buffer => readFileSync(join(import.meta.dirname, '../../../fixtures/containers', name));
const plain = fixtureBytes('10.0.13-plain');
const xml =
  Buffer.from(`<domain type='qemu'><name>d</name><os><type arch='x86_64' machine='pc-i440fx-10.0'>hvm</type></os>
<devices><graphics type='vnc' passwd='geheim'/></devices></domain>`);

const programs = compressions.filter((name) => name !== 'gzip');
const missing = programs.filter((program) => spawnSync(program, ['--version']).error !== undefined);
if (missing.length > 0)
  console.info(`skipped: containers of ${missing.join(', ')}, since these programs are not installed`);
const packers = compressions.filter((name) => !(missing as readonly string[]).includes(name));
const formats = libvirtFormats.filter((name) => !(missing as readonly string[]).includes(name));

async function run(args: readonly string[], files: Readonly<Record<string, Uint8Array>>): Promise<Outcome> {
  const outcome = await mstream(args, { files: { xml, ...files } });
  expect(outcome.stderr + outcome.stdout, args.join(' ')).not.toMatch(/^[a-z-]+: .*\n {2}/);
  expect(outcome.code, args.join(' ')).toBe(0);
  return outcome;
}

async function made(from: Uint8Array, ...args: string[]): Promise<Buffer> {
  const { written } = await run([args[0]!, 'x', '-o', 'y', '-q', ...args.slice(1)], { x: from });
  return Buffer.from(written.get('y')!);
}

const libvirt = (format: string): Promise<Buffer> =>
  made(plain, 'convert', '--to', 'libvirt', '--format', format, '--xml', 'xml');
const ahead = Buffer.alloc(8192, 0xa5);

/** Every container, real ones where there are any. `state`: how it is named on the command line. */
const containers: Readonly<Record<string, { readonly bytes: Buffer; readonly more?: readonly string[] }>> = {
  plain: { bytes: Buffer.from(plain) },
  'mapped-ram': { bytes: Buffer.from(fixtureBytes('10.0.13-mapped-ram')) },
  ...Object.fromEntries(
    await Promise.all(formats.map(async (format) => [`libvirt ${format}`, { bytes: await libvirt(format) }] as const)),
  ),
  qcow2: { bytes: gunzipSync(fixture('10.0.13-blank.qcow2.gz')) },
  'qcow2 with mapped-ram': { bytes: gunzipSync(fixture('11.1.3-mapped.qcow2.gz')) },
  ...Object.fromEntries(
    ['gz', 'bz2', 'xz', 'lzo', 'zst', 'lz4']
      .filter(
        (suffix) =>
          !missing.some((program) => program.startsWith(suffix.replace('bz2', 'bzip2').replace('zst', 'zstd'))),
      )
      .map((suffix) => [`file of ${suffix}`, { bytes: fixture(`state.${suffix}`) }]),
  ),
  'tar of GNU': { bytes: gunzipSync(fixture('gnu.tar.gz')) },
  'tar of POSIX': { bytes: gunzipSync(fixture('pax.tar.gz')) },
  offset: { bytes: Buffer.concat([ahead, plain]), more: ['--offset', '8192'] },
  'mapped-ram at an offset': {
    bytes: await made(plain, 'convert', '--to', 'mapped-ram', '--at', '12345'),
    more: ['--offset', '12345'],
  },
  'tar in gzip': { bytes: fixture('gnu.tar.gz'), more: ['--spool', '.'] },
  'libvirt in gzip': { bytes: gzipSync(await libvirt('raw')) },
};
const rows = Object.entries(containers);

describe('what no edit touches comes out byte for byte', () => {
  test.each(rows)('%s', async (_name, { bytes, more = [] }) => {
    expect((await made(bytes, 'rewrite', ...more)).equals(bytes)).toBe(true);
  });

  test('and is not compressed again', async () => {
    for (const name of ['file of gz', 'libvirt gzip', 'libvirt in gzip']) {
      const { bytes } = containers[name]!;
      const nest = await openContainers(memorySource(bytes), { decompressors: nodeDecompressors });
      const compressed = (): never => {
        throw new Error('compressed');
      };
      const result = memorySink();
      const { sink } = await keepContainers(nest.layers, result, { compressors: { gzip: compressed } });
      const part = new Uint8Array(65_536);
      for (let at = 0, got; (got = await nest.inner.read(part, at)) > 0; at += got)
        await sink.write(part.subarray(0, got));
      await sink.commit();
      expect(Buffer.from(result.bytes()).equals(bytes), name).toBe(true);
    }
  });
});

/** The machine type is shorter then, so everything behind it moves. */
const EDIT = ['--machine', 'pc-i440fx-8.2'];
const edited = await made(plain, 'rewrite', ...EDIT);

/** The bare stream in a container. */
async function inside(bytes: Uint8Array, more: readonly string[] = []): Promise<Buffer> {
  return made(bytes, 'rewrite', '--bare', ...more);
}

describe('an edit', () => {
  const holders = rows.filter(([name]) => !/qcow2|mapped-ram|sparse|in gzip/.test(name));
  test.each(holders)('in %s: the stream is the edited one', async (_name, { bytes, more = [] }) => {
    const out = await made(bytes, 'rewrite', ...EDIT, ...more);
    expect((await inside(out, more)).equals(await made(await inside(bytes, more), 'rewrite', ...EDIT))).toBe(true);
  });

  test('in a file with a stream further in: the bytes before it stay', async () => {
    const out = await made(containers['offset']!.bytes, 'rewrite', '--offset', '8192', ...EDIT);
    expect(out.equals(Buffer.concat([ahead, edited]))).toBe(true);
  });

  test('in a libvirt image: the XML names the same machine, and nothing else of the head changes', async () => {
    const before = containers['libvirt raw']!.bytes;
    const out = await made(before, 'rewrite', ...EDIT);
    const head = before.length - plain.length;
    const shorter = Buffer.from(xml.toString().replace('10.0', '8.2'));
    expect(out.subarray(head).equals(edited)).toBe(true);
    expect(out.subarray(0, 92).equals(before.subarray(0, 92))).toBe(true);
    expect(out.subarray(92, 92 + shorter.length + 1).equals(Buffer.concat([shorter, Buffer.alloc(1)]))).toBe(true);
    expect(out.subarray(92 + shorter.length, head).every((byte) => byte === 0)).toBe(true);
  });

  test('in a tar archive: the other members stay, also for tar itself', async () => {
    for (const name of ['tar of GNU', 'tar of POSIX']) {
      const before = containers[name]!.bytes;
      const out = await made(before, 'rewrite', ...EDIT);
      const listed = (archive: Buffer): string[][] =>
        spawnSync('tar', ['-tvf', '-'], { input: archive, encoding: 'utf8' })
          .stdout.trim()
          .split('\n')
          .map((line) => line.split(/\s+/));
      const [old, now] = [listed(before), listed(out)];
      expect(now).toEqual(
        old.map((row) => row.map((word) => (word === String(plain.length) ? String(edited.length) : word))),
      );
      for (const row of now) {
        const member = (archive: Buffer): Buffer =>
          spawnSync('tar', ['-xOf', '-', row.at(-1)!], { input: archive, maxBuffer: 1 << 26 }).stdout;
        expect(member(out).equals(row[2] === String(edited.length) ? edited : member(before)), row.at(-1)).toBe(true);
      }
    }
  });

  test('in an archive in compressed data is refused where the size changes, and without a copy', async () => {
    const { bytes, more } = containers['tar in gzip']!;
    const refused = async (...args: string[]): Promise<string> => {
      const { code, stderr, written } = await mstream(['rewrite', 'x', '-o', 'y', ...args], { files: { x: bytes } });
      expect({ code, written: written.size }).toEqual({ code: 3, written: 0 });
      return stderr;
    };
    expect(await refused(...EDIT, ...more!)).toMatch(
      /its size stands before it in an output that only goes forward\n.*\n.*--bare/,
    );
    expect(await refused(...EDIT)).toMatch(/can only be read forward, and its other members are gone\n.*\n.*--spool/);
  });
});

describe('a volume with a tail', () => {
  const tail = Buffer.alloc(65_536, 0x77);
  const volume = Buffer.concat([plain, tail]);
  test('loses it, or keeps its size with zeros', async () => {
    expect((await made(volume, 'rewrite')).equals(plain)).toBe(true);
    const kept = await made(volume, 'rewrite', '--pad', ...EDIT);
    expect(kept.length).toBe(volume.length);
    expect(kept.subarray(0, edited.length).equals(edited)).toBe(true);
    expect(kept.subarray(edited.length).every((byte) => byte === 0)).toBe(true);
  });

  test('is not outgrown', async () => {
    const args = ['rewrite', 'x', '-o', 'y', '--pad', '--machine', 'pc-i440fx-10.0+a-longer-name'];
    const { code, stderr, written } = await mstream(args, { files: { x: plain } });
    expect({ code, written: written.size }).toEqual({ code: 3, written: 0 });
    expect(stderr).toContain('and the volume has');
  });
});

test('--xml replaces the domain XML, in the room that there is or in more', async () => {
  for (const format of formats) {
    const before = await libvirt(format);
    for (const note of ['short', 'long '.repeat(20_000)]) {
      const other = Buffer.from(xml.toString().replace('<os>', `<description>${note}</description><os>`));
      const { written } = await run(['rewrite', 'x', '-o', 'y', '-q', '--xml', 'other'], { x: before, other });
      const out = Buffer.from(written.get('y')!);
      expect(out.subarray(92, 92 + other.length).equals(other)).toBe(true);
      const offset = 92 + out.readUInt32LE(20);
      if (format !== 'sparse') {
        expect(out.subarray(offset).equals(before.subarray(92 + before.readUInt32LE(20)))).toBe(true);
      } else {
        // Its pages stay where they are.
        const pages = 2 << 20;
        expect(out.length).toBe(before.length);
        expect(out.subarray(pages).equals(before.subarray(pages))).toBe(true);
      }
    }
  }
});

test('--fresh-image: a new image with the stream, a blank disk, and a note', async () => {
  const { bytes } = containers['qcow2']!;
  const { written, stderr } = await run(['rewrite', 'x', '-o', 'y', '-q', '--fresh-image'], { x: bytes });
  const image = written.get('y')!;
  expect(stderr).toContain('a blank disk: nothing of the old disk is in it');
  expect((await inside(image)).equals(await inside(bytes))).toBe(true);
});

test('--strip: passwords are out of the XML, old bytes out of the places of zero pages', async () => {
  const image = await made(containers['libvirt raw']!.bytes, 'convert', '--to', 'libvirt', '--strip');
  expect(image.includes('geheim')).toBe(false);
  expect(image.subarray(92, 92 + 200).toString()).toContain("<graphics type='vnc'/>");
  // A page of a mapped-ram file becomes zero in its bitmap alone, as QEMU leaves it when a guest clears it.
  const mapped = await made(plain, 'convert', '--to', 'mapped-ram');
  const { stdout } = await run(['inspect', '--json', 'x'], { x: mapped });
  const { blocks } = JSON.parse(stdout) as {
    blocks: { mapped: { bitmapOffset: number; pagesOffset: number }; usedLength: number }[];
  };
  const { bitmapOffset, pagesOffset } = blocks[0]!.mapped;
  const stale = Buffer.from(mapped);
  const page = stale.subarray(bitmapOffset).findIndex((byte) => byte !== 0) * 8;
  stale[bitmapOffset + page / 8] = 0;
  const stripped = await made(stale, 'convert', '--to', 'mapped-ram', '--strip');
  const expected = Buffer.from(stale);
  expected.fill(0, pagesOffset + page * 4096, pagesOffset + (page + 8) * 4096);
  expect(expected.equals(stale)).toBe(false);
  expect(stripped.equals(expected)).toBe(true);
});

describe('any to any', () => {
  const targets = [
    ['plain'],
    ['mapped-ram'],
    ['qcow2'],
    ...formats.map((format) => ['libvirt', '--format', format, '--xml', 'xml']),
    ...packers.map((name) => [name]),
  ];
  // Formats that one piece of code reads are read once here; each of them is written.
  const sources = rows.filter(([name]) => !/bzip2|xz|bz2|lz|POSIX|in gzip|^mapped-ram at/.test(name));
  test.each(sources)('from %s', async (_name, { bytes, more = [] }) => {
    const expected = {
      plain: await made(bytes, 'convert', '--to', 'plain', ...more),
      places: await made(bytes, 'convert', '--to', 'mapped-ram', ...more),
    };
    for (const target of targets) {
      const there = await made(bytes, 'convert', '--to', ...target, ...more);
      const mapped = target.includes('mapped-ram') || target.includes('sparse');
      // In a mapped-ram file every page has its place, whatever way it took.
      const back = mapped ? await made(there, 'convert', '--to', 'mapped-ram') : await inside(there);
      expect(back.equals(mapped ? expected.places : expected.plain), target.join(' ')).toBe(true);
    }
    // The plain stream has the same pages and devices as the one with places.
    expect((await made(expected.plain, 'convert', '--to', 'mapped-ram')).equals(expected.places)).toBe(true);
  });
});
