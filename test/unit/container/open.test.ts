// Containers opened down to the stream: libvirt images written here, compressed files, archives, streams
// at an offset, all of them inside each other; and what is damaged, with its places.
import { spawnSync } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, test } from 'vitest';
import { MigrationStreamError } from '../../../src/base/errors.js';
import { nodeDecompressors } from '../../../src/bytes/node/decompressors.js';
import { forwardSource, memorySource, type ByteSource } from '../../../src/bytes/source.js';
import { bounded, counted } from '../../../src/container/compression/bounded.js';
import { libvirtHeader, type LibvirtHeader } from '../../../src/container/libvirt/header.js';
import { withoutSecrets } from '../../../src/container/libvirt/secrets.js';
import { openContainers, withPlaces, type Nest } from '../../../src/container/open.js';
import type { OpenContext } from '../../../src/container/container.js';
import { MAX_EXPANSION } from '../../../src/limits.js';
import { inspect } from '../../../src/ops/inspect.js';
import { openStream } from '../../../src/open/open-stream.js';
import { encodeBytes } from '../../../src/wire/kit/codec.js';
import { mstream } from '../../support/fake-host.js';
import { fixtureBytes } from '../../support/fixtures.js';

const stream = Buffer.from(fixtureBytes('10.0.13-ignore-shared'));
const context: OpenContext = { decompressors: nodeDecompressors };
const XML =
  "<domain type='kvm'>\n  <name>fedora</name>\n  <os><type arch='x86_64' machine='pc-q35-10.0'>hvm</type></os>\n</domain>";

/** A save image as libvirt writes it, but for what `more` says. */
function saveImage(behind: Uint8Array, more: Partial<LibvirtHeader> = {}, data = `${XML}\0`): Buffer {
  const header = encodeBytes(libvirtHeader, {
    magic: 'LibvirtQemudSave',
    littleEndian: true,
    version: 2,
    dataLength: data.length,
    wasRunning: 1,
    format: 0,
    cookieOffset: 0,
    unused: new Uint8Array(56),
    ...more,
  });
  return Buffer.concat([header, Buffer.from(data), behind]);
}

/** A ustar archive of plain files. */
function tar(files: Readonly<Record<string, Uint8Array>>): Buffer {
  const parts: Uint8Array[] = [];
  for (const [name, bytes] of Object.entries(files)) {
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write('0000644\0', 100);
    header.write(bytes.length.toString(8).padStart(11, '0'), 124);
    header.write('        ', 148);
    header.write('0', 156);
    header.write('ustar\x0000', 257);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    parts.push(header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512));
  }
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

const both = (bytes: Uint8Array): readonly ByteSource[] => [memorySource(bytes), forwardSource(memorySource(bytes))];
const names = (nest: Nest): string[] => nest.layers.map((layer) => layer.facts.container);

async function allOf(source: ByteSource): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for (let at = 0; ; at += parts.at(-1)!.length) {
    const part = new Uint8Array(50_000);
    const got = await source.read(part, at);
    if (got === 0) return Buffer.concat(parts);
    parts.push(part.subarray(0, got));
  }
}

async function failure(work: Promise<unknown>): Promise<MigrationStreamError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(MigrationStreamError);
  return error as MigrationStreamError;
}

describe('the same stream comes out of', () => {
  test.each<[string, Buffer, string[]]>([
    ['a bare file', stream, []],
    ['a libvirt image', saveImage(stream), ['libvirt']],
    ['gzip data', gzipSync(stream), ['compression']],
    ['a tar archive', tar({ readme: Buffer.from('hello'), state: stream }), ['tar']],
    ['a file, at 1 MiB', Buffer.concat([Buffer.alloc(1024 * 1024), stream]), ['offset']],
    [
      'a gzip of a libvirt image of a gzip',
      gzipSync(saveImage(gzipSync(stream), { format: 1 })),
      ['compression', 'libvirt', 'compression'],
    ],
    ['a gzip of a tar archive of an image', gzipSync(tar({ a: saveImage(stream) })), ['compression', 'tar', 'libvirt']],
  ])('%s, from a file and from a pipe', async (_what, bytes, layers) => {
    for (const source of both(bytes)) {
      const nest = await openContainers(source, context);
      expect(names(nest)).toEqual(layers);
      expect(nest.found.kind).toBe('migration-stream');
      // Whatever stands behind the stream in its container comes with it.
      expect((await allOf(nest.inner)).subarray(0, stream.length).equals(stream)).toBe(true);
      await nest.inner.close();
    }
  });

  it('every compression whose program is installed', async () => {
    for (const [format, decompressor] of Object.entries(nodeDecompressors)) {
      const packed = spawnSync(format, ['-c'], { input: stream, maxBuffer: 1 << 28 });
      if (packed.error !== undefined) {
        console.info(`skipped: the program ${format} is not installed`);
        continue;
      }
      const nest = await openContainers(memorySource(packed.stdout), context);
      expect(nest.layers[0]!.facts).toMatchObject({ format, by: decompressor.by });
      expect((await allOf(nest.inner)).equals(stream), format).toBe(true);
      await nest.inner.close();
    }
  });

  it('a file, where the caller says', async () => {
    for (const source of both(Buffer.concat([Buffer.from('some text'), stream]))) {
      const nest = await openContainers(source, { offset: 9 });
      expect((await allOf(nest.inner)).equals(stream)).toBe(true);
    }
  });
});

describe('a libvirt image', () => {
  it('tells its facts, and gives the XML beside the stream', async () => {
    const cookie = '<cookie/>\0';
    const bytes = saveImage(
      stream,
      { cookieOffset: XML.length + 1, version: 2 },
      `${XML}\0${cookie}${'\0'.repeat(99)}`,
    );
    const [layer] = (await openContainers(memorySource(bytes), context)).layers;
    expect(layer!.facts).toMatchObject({
      complete: true,
      version: 2,
      byteOrder: 'little',
      wasRunning: true,
      format: 'raw',
      streamFormat: 'raw',
      domain: 'fedora',
      machine: 'pc-q35-10.0',
      cookie: true,
      notes: [],
    });
    expect(layer!.documents).toEqual([
      { name: 'domain', text: XML },
      { name: 'cookie', text: '<cookie/>' },
    ]);
    expect(layer!.streamAt).toBe(92 + XML.length + 1 + cookie.length + 99);
  });

  test.each<[string, string[], Buffer]>([
    ['unfinished', ['unfinished'], saveImage(stream, { magic: 'LibvirtQemudPart' })],
    ['of a big-endian host', [], saveImage(stream, { littleEndian: false })],
    ['of version 1, whose format word counts for nothing', [], saveImage(stream, { version: 1, format: 1 })],
    ['of version 0', [], saveImage(stream, { version: 0 })],
    ['of version 0 and a big-endian host', [], saveImage(stream, { version: 0, littleEndian: false })],
    ['whose format word lies: gzip', ['format-lies'], saveImage(stream, { format: 1 })],
    ['whose format word lies: sparse', ['format-lies'], saveImage(stream, { format: 6 })],
    ['whose format word nobody knows', ['format-lies'], saveImage(stream, { format: 9 })],
    ['without NUL', ['xml-not-terminated'], saveImage(stream, {}, XML)],
    ['without XML', ['no-xml'], saveImage(stream, {}, '')],
    ['with a cookie outside', ['cookie-outside'], saveImage(stream, { cookieOffset: 5000 })],
  ])('%s is read, and noted', async (_what, notes, bytes) => {
    for (const source of both(bytes)) {
      const nest = await openContainers(source, context);
      expect(nest.layers[0]!.facts.notes.map(({ code }) => code)).toEqual(notes);
      expect((await allOf(nest.inner)).equals(stream)).toBe(true);
    }
  });

  test.each<[string, string, Buffer]>([
    ['ends in its header', 'truncated', saveImage(stream).subarray(0, 60)],
    ['ends in its XML', 'truncated', saveImage(stream).subarray(0, 120)],
    ['has more XML than anybody writes', 'limit-exceeded', saveImage(stream, { dataLength: 0x7fff_ffff })],
    ['is of version 3', 'unsupported', saveImage(stream, { version: 3 })],
  ])('that %s: %s', async (_what, code, bytes) => {
    for (const source of both(bytes)) expect((await failure(openContainers(source, context))).code).toBe(code);
  });

  it('damaged inside: the error says the offset in the stream and in the image', async () => {
    const bytes = saveImage(stream.subarray(0, 3000));
    const { inner, layers } = await openContainers(memorySource(bytes), context);
    const { error } = await inspect(await openStream(inner));
    const placed = withPlaces(error!, layers);
    expect(placed).toMatchObject({ code: 'truncated', offset: 3000 });
    expect(placed.outer).toEqual([{ container: 'a libvirt save image', offset: 3000 + layers[0]!.streamAt! }]);
  });

  it('--print-xml shows the domain, secrets masked unless asked', async () => {
    const xml = "<domain><graphics type='vnc' passwd='hunter2'/></domain>";
    const files = { 'vm.save': saveImage(stream, {}, `${xml}\0`) };
    expect((await mstream(['inspect', '--print-xml', 'vm.save'], { files })).stdout).toBe(
      "<domain><graphics type='vnc' passwd='***'/></domain>\n",
    );
    const shown = await mstream(['inspect', '--print-xml', '--show-secrets', 'vm.save'], { files });
    expect(shown.stdout).toBe(`${xml}\n`);
    expect((await mstream(['inspect', '--show-secrets', 'vm.save'], { files })).code).toBe(2);
    expect((await mstream(['inspect', '--print-xml', 'state'], { files: { state: stream } })).code).toBe(1);
    for (const [before, after] of [
      ["<qemu:arg value='secret,id=s,data=abc,format=raw'/>", "<qemu:arg value='secret,id=s,data=***,format=raw'/>"],
      [`<qemu:arg value='{"id":"s","data":"a b"}'/>`, `<qemu:arg value='{"id":"s","data":"***"}'/>`],
      [
        '<qemu:arg value="{&quot;data&quot;: &quot;a;b&quot;}"/>',
        '<qemu:arg value="{&quot;data&quot;: &quot;***&quot;}"/>',
      ],
      ['<entry>io.systemd.credential:pw=abc</entry>', '<entry>io.systemd.credential:pw=***</entry>'],
    ] as const)
      expect(withoutSecrets(before)).toBe(after);
  });
});

describe('refused by name', () => {
  it('what the platform cannot decompress', async () => {
    expect(await failure(openContainers(memorySource(gzipSync(stream))))).toMatchObject({
      code: 'unsupported',
      message: 'gzip data cannot be decompressed here',
    });
  });

  it('containers without end', async () => {
    let bytes: Buffer = stream;
    for (let depth = 0; depth < 9; depth += 1) bytes = saveImage(bytes);
    const error = await failure(openContainers(memorySource(bytes), context));
    expect(error.code).toBe('limit-exceeded');
    expect(error.outer).toHaveLength(8);
  });

  it('data that grow beyond every proportion to what was read of them', async () => {
    const input = counted(memorySource(new Uint8Array(10)));
    await input.read(new Uint8Array(10), 0);
    const zeros: ByteSource = { ...forwardSource(memorySource(Buffer.alloc(0))), read: async (into) => into.length };
    const plain = bounded(zeros, input, 'zstd', 1000);
    const limit = 10 * MAX_EXPANSION;
    expect(await plain.read(new Uint8Array(limit), 0)).toBe(limit);
    expect(await failure(plain.read(new Uint8Array(1), limit))).toMatchObject({
      code: 'limit-exceeded',
      offset: limit,
    });
  });

  it('what is no stream, inside of what it lies', async () => {
    const elf = Buffer.concat([Buffer.from('\x7fELF\x02\x01\x01', 'latin1'), Buffer.alloc(9), Buffer.from([4, 0])]);
    const { code, stderr } = await mstream(['inspect', 'x'], { files: { x: saveImage(gzipSync(elf), { format: 1 }) } });
    expect(code).toBe(3);
    expect(stderr).toContain('this is a libvirt save image with gzip data with an ELF file (core dump)');
  });

  it('a tar archive without a state, a member that is not there, a header that is damaged', async () => {
    const archive = tar({ readme: Buffer.from('hello'), state: stream });
    expect((await failure(openContainers(memorySource(archive), { member: 'x' }))).code).toBe('not-a-stream');
    expect((await failure(openContainers(memorySource(tar({ a: Buffer.from('b') }))))).code).toBe('not-a-stream');
    archive[600 + 512] = 0x55;
    expect((await failure(openContainers(memorySource(archive)))).code).toBe('bad-container');
  });

  it('gzip data that is cut: what was read, and the place', async () => {
    const { inner } = await openContainers(memorySource(gzipSync(stream).subarray(0, 5000)), context);
    const { error, totals } = await inspect(await openStream(inner));
    expect(error?.code).toBe('truncated');
    expect(totals.bytes).toBeGreaterThan(1000);
  });
});

describe('commands', () => {
  it('inspect says what lies in what, in text and in JSON', async () => {
    const files = { 'vm.save': saveImage(gzipSync(stream), { format: 1 }) };
    const { stdout, code } = await mstream(['inspect', 'vm.save'], { files });
    expect(code).toBe(0);
    expect(stdout.split('\n').slice(0, 4)).toEqual([
      `in a libvirt save image (version 2, gzip, domain "fedora", ${XML.length + 1} bytes of XML and padding)`,
      '  with gzip data',
      '',
      expect.stringMatching(/^vm.save: QEMU migration stream, whole/),
    ]);
    const json = JSON.parse((await mstream(['inspect', '--json', 'vm.save'], { files })).stdout) as {
      containers: { container: string }[];
    };
    expect(json.containers.map(({ container }) => container)).toEqual(['libvirt', 'compression']);
  });

  it('a stream behind text: found; a stream behind something else: refused by every command', async () => {
    const files = {
      text: Buffer.concat([Buffer.from('written by hand\n'.repeat(9)), stream]),
      elf: Buffer.concat([Buffer.from('\x7fELF\x02\x01\x01', 'latin1'), Buffer.alloc(9), Buffer.of(4, 0), stream]),
    };
    const args = (command: string, file: string): string[] =>
      command === 'get' ? ['get', file, 'globalstate.runstate'] : [command, file];
    for (const command of ['inspect', 'verify', 'get', 'stat']) {
      const found = await mstream(args(command, 'text'), { files });
      expect(found.stdout + found.stderr, command).toContain('in a file with a stream further in (offset 0x90)');
      expect(found.code).toBe(0);
      const refused = await mstream(args(command, 'elf'), { files });
      expect(refused.code, command).toBe(3);
      expect(refused.stdout + refused.stderr).toContain('this is an ELF file (core dump)');
    }
  });

  it('get, verify and decode answer as of the bare stream; rewrite keeps the image, and --bare says what it does', async () => {
    const files = { 'vm.save': saveImage(stream), state: stream };
    for (const args of [
      ['get', 'STATE', 'globalstate.runstate'],
      ['verify', '--quiet', 'STATE'],
    ]) {
      const [bare, image] = await Promise.all(
        ['state', 'vm.save'].map((name) =>
          mstream(
            args.map((arg) => (arg === 'STATE' ? name : arg)),
            { files },
          ),
        ),
      );
      expect(image!.stdout.replaceAll('vm.save', 'state')).toBe(bare!.stdout);
      expect(image!.code).toBe(bare!.code);
    }
    const kept = await mstream(['rewrite', 'vm.save', '-o', 'out'], { files });
    expect(Buffer.from(kept.written.get('out')!).equals(files['vm.save'])).toBe(true);
    const rewritten = await mstream(['rewrite', 'vm.save', '-o', 'out', '--bare'], { files });
    expect(rewritten.stderr).toContain('note: the input is a libvirt save image; the output is the bare stream');
    expect(Buffer.from(rewritten.written.get('out')!).equals(stream)).toBe(true);
  });
});
