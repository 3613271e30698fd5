// What an input is when it is no stream: one real beginning of each kind, made here or by the program that makes them,
// and any bytes at all.
import { hintText } from '../../../src/report/hints.js';
import fc from 'fast-check';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { describe, expect, it, test } from 'vitest';
import { forwardSource, memorySource } from '../../../src/bytes/source.js';
import { rememberHead } from '../../../src/bytes/remember-head.js';
import { Window } from '../../../src/bytes/window.js';
import {
  HEAD_SIZE,
  notAStream,
  recognise,
  recognisedKinds,
  recogniseSource,
  type Recognised,
} from '../../../src/container/recognise.js';
import { encodeBytes } from '../../../src/wire/kit/codec.js';
import { libvirtHeader, type LibvirtHeader } from '../../../src/container/libvirt/header.js';
import { multifdInitial } from '../../../src/wire/multifd-initial.js';
import { bytes, record, u32, u8 } from '../../support/arbitraries/primitives.js';
import { cases } from '../../support/seed.js';

const raw = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
const join = (...parts: readonly (Uint8Array | string)[]): Uint8Array =>
  Uint8Array.from(Buffer.concat(parts.map((part) => (typeof part === 'string' ? raw(part) : part))));
const STREAM = raw('QEVM\0\0\0\x03\x07\0\0\0\x02pc');

const libvirt = (more: Partial<LibvirtHeader>): Uint8Array =>
  encodeBytes(libvirtHeader, {
    magic: 'LibvirtQemudSave',
    littleEndian: true,
    version: 2,
    dataLength: 0x1000,
    wasRunning: 1,
    format: 1,
    cookieOffset: 0,
    unused: new Uint8Array(56),
    ...more,
  });

/** Header, XML with a name, padding, and what stands behind. */
const saveImage = (more: Partial<LibvirtHeader>, behind: Uint8Array = STREAM): Uint8Array => {
  const xml = raw("<domain type='kvm'>\n  <name>fedora</name>\n</domain>\0");
  return join(libvirt(more), xml, new Uint8Array(0x1000 - xml.length), behind);
};

const message = (found: Recognised): string => notAStream(found).message;

describe('libvirt save images', () => {
  test('finished or not, whole or not', () => {
    for (const bytes of [saveImage({}), saveImage({}).subarray(0, 40), saveImage({ magic: 'LibvirtQemudPart' })])
      expect(recognise(bytes)).toMatchObject({ kind: 'libvirt-save', title: 'a libvirt save image' });
  });

  test('the header, both directions', () =>
    fc.assert(
      fc.property(
        record({
          magic: fc.constantFrom('LibvirtQemudSave' as const, 'LibvirtQemudPart' as const),
          littleEndian: fc.boolean(),
          version: fc.constantFrom(1, 2),
          dataLength: u32,
          wasRunning: u32,
          format: u32,
          cookieOffset: u32,
          unused: fc.uint8Array({ minLength: 56, maxLength: 56 }),
        }),
        bytes(8),
        (header, behind) => {
          const encoded = encodeBytes(libvirtHeader, header);
          expect(encoded.length).toBe(92);
          expect(libvirtHeader.decode(Window.over(join(encoded, behind)))).toEqual(header);
          expect(() => libvirtHeader.decode(Window.over(encoded.subarray(0, 91)))).toThrow(
            expect.objectContaining({ code: 'truncated', offset: 91 }) as Error,
          );
        },
      ),
      cases(200),
    ));
});

describe('multifd channels', () => {
  const packet = { magic: 0x1122_3344, version: 1, uuid: new Uint8Array(16), id: 3, reserved: new Uint8Array(39) };

  it('says which', () => {
    expect(recognise(encodeBytes(multifdInitial, packet))).toMatchObject({
      kind: 'multifd-channel',
      detail: 'channel 3',
    });
    const uuid = Uint8Array.from({ length: 16 }, (_, i) => i * 17);
    expect(recognise(encodeBytes(multifdInitial, { ...packet, uuid })).detail).toBe(
      'channel 3, VM 00112233-4455-6677-8899-aabbccddeeff',
    );
    expect(recognise(encodeBytes(multifdInitial, { ...packet, version: 7 })).detail).toBe('version 7');
    expect(recognise(encodeBytes(multifdInitial, packet).subarray(0, 30)).detail).toContain('cut off');
  });

  test('the packet, both directions', () =>
    fc.assert(
      fc.property(
        record({ magic: u32, version: u32, uuid: bytes(16, 16), id: u8, reserved: bytes(39, 39) }),
        bytes(8),
        (value, behind) => {
          const encoded = encodeBytes(multifdInitial, value);
          const decoded = multifdInitial.decode(Window.over(join(encoded, behind)));
          expect(decoded).toEqual(value);
          expect(encodeBytes(multifdInitial, decoded)).toEqual(encoded);
          expect(() => multifdInitial.decode(Window.over(encoded.subarray(0, 63)))).toThrow(
            expect.objectContaining({ code: 'truncated', offset: 63 }) as Error,
          );
        },
      ),
      cases(200),
    ));
});

function qcow2(version: number): Uint8Array {
  const header = Buffer.alloc(104);
  header.write('QFI\xfb', 0, 'latin1');
  header.writeUInt32BE(version, 4);
  return Uint8Array.from(header);
}

const vectors = Uint8Array.from({ length: 1024 }, (_, i) => [0x53, 0xff, 0x00, 0xf0][i % 4]!);
const elf = (type: number, big: boolean): Uint8Array =>
  join(
    '\x7fELF\x02',
    big ? '\x02' : '\x01',
    new Uint8Array(10),
    big ? Uint8Array.of(0, type) : Uint8Array.of(type, 0),
    new Uint8Array(40),
  );

describe('everything else', () => {
  it.each<[string, Uint8Array, Recognised['kind'], string]>([
    ['nothing', new Uint8Array(0), 'empty', 'an empty file'],
    ['qcow2', qcow2(3), 'qcow2', 'a qcow2 disk image (version 3)'],
    ['qcow', qcow2(1), 'qcow2', 'a qcow disk image (version 1)'],
    ['cpr', raw('QCPR\0\0\0\x01\x01'), 'cpr-state', 'a CPR state (version 1)'],
    ['an ELF core', elf(4, false), 'elf', 'an ELF file (core dump)'],
    ['a big-endian one', elf(4, true), 'elf', 'an ELF file (core dump)'],
    ['a program', elf(2, false), 'elf', 'an ELF file (program)'],
    ['a kdump', raw('KDUMP   \x06\0\0\0'), 'kdump', 'a kdump of guest memory'],
    ['a flattened kdump', raw('makedumpfile\0\0\0\0'), 'kdump', 'a kdump of guest memory'],
    ['a LiME dump', raw('EMiL\x01\0\0\0'), 'lime', 'a LiME dump of guest memory (version 1)'],
    ['an AVML dump', raw('EMiL\x02\0\0\0'), 'lime', 'a LiME dump of guest memory (AVML, version 2)'],
    ['a Proxmox backup', raw('VMA\0\0\0\0\x01'), 'vma', 'a Proxmox backup (vzdump)'],
    ['lzma data', join('\x5d\0\0', new Uint8Array(10)), 'lzma', 'lzma data, by the looks of it'],
    ['JSON', raw(' {"a": 1}'), 'json', 'JSON text'],
    ['a vmdescription', raw('{"page_size": 4096, "devices": ['), 'json', 'JSON text (a vmdescription)'],
    ['XML', raw("<domain type='kvm'>"), 'text', 'XML text'],
    ['text', raw('hello\nworld'), 'text', 'text (it begins "hello")'],
    ['memory', vectors, 'memory', 'guest memory, by the looks of it (a PC’s interrupt vectors come first)'],
    ['zeros', new Uint8Array(HEAD_SIZE), 'zeros', 'nothing but zeros (the first 4096 bytes)'],
    ['noise', raw('\x01\x02\xff\xfe\0\0\0\0more'), 'unknown', 'something unknown (it begins 01 02 ff fe 00 00 00 00)'],
  ])('%s', (_what, head, kind, title) => {
    const found = recognise(head, { path: 'x' });
    expect(found.kind).toBe(kind);
    expect(message(found)).toBe(`not a migration stream: this is ${title}`);
    expect(notAStream(found)).toMatchObject({ code: 'not-a-stream', offset: 0, hint: found.hint });
  });

  it('hints at what to run', () => {
    const lzma = join('\x5d\0\0', new Uint8Array(10));
    const filter = 'xz -dc --format=lzma';
    expect(hintText(recognise(lzma, { path: "it's here" }).hint!)).toContain(
      `\`${filter} 'it'\\''s here' | mstream inspect -\``,
    );
    expect(hintText(recognise(lzma, { path: '-x' }).hint!)).toContain(`\`${filter} ./-x | `);
    expect(hintText(recognise(lzma, { path: 'größe\\' }).hint!)).toContain(`\`${filter} 'größe\\' | `);
    expect(hintText(recognise(lzma, { path: 'a\x1b[31mb' }).hint!)).toContain(`\`${filter} FILE | `);
    expect(hintText(recognise(lzma).hint!)).toContain(`\`… | ${filter} | mstream inspect -\``);
    expect(hintText(recognise(raw('{"schemaVersion": 1}'), { path: 'x.json' }).hint!)).toContain(
      '`mstream encode x.json`',
    );
    expect(hintText(recognise(raw('qemu-system-x86_64: cannot open'), {}).hint!)).toContain('did the QEMU fail?');
    expect(recognise(new Uint8Array(8192), { size: 8192 })).toMatchObject({
      detail: '8192 bytes',
      hint: { code: 'preallocated' },
    });
  });

  it('guest memory of an Android emulator, by its name and its index', () => {
    const ram = Buffer.alloc(64);
    ram.writeBigUInt64BE(40n);
    const at = (path: string, size = 64): string => recognise(ram, { path, size }).kind;
    expect(at('snapshots/default_boot/ram.bin')).toBe('android-ram');
    expect(at('ram.bin', 30)).not.toBe('android-ram');
    expect(at('other.bin')).not.toBe('android-ram');
  });

  it('knows a stream when it sees one', () => {
    expect(recognise(STREAM).kind).toBe('migration-stream');
  });

  it.each([
    ['gzip', ['gzip', '-c']],
    ['zstd', ['zstd', '-c']],
    ['xz', ['xz', '-c']],
    ['bzip2', ['bzip2', '-c']],
    ['lz4', ['lz4', '-c']],
    ['lzop', ['lzop', '-c']],
  ] as const)('what %s makes, where there is one', (kind, [program, ...args]) => {
    const { stdout, error } = spawnSync(program, args, { input: STREAM });
    if (error !== undefined) return;
    expect(recognise(stdout).kind).toBe(kind);
  });

  it('the magics of those that are not there', () => {
    expect(recognise(raw('\x89LZO\0\r\n\x1a\n\x10\x40')).kind).toBe('lzop');
    expect(recognise(raw('\x50\x2a\x4d\x18\x04\0\0\0')).kind).toBe('zstd');
    expect(recognise(raw('\x02\x21\x4c\x18')).kind).toBe('lz4');
  });
});

describe('a stream further in', () => {
  it.each([4096, 100, 0x10_0000])('at %i', async (at) => {
    const found = await recogniseSource(memorySource(join(new Uint8Array(at), STREAM), 'x'));
    expect(found).toMatchObject({
      kind: 'embedded-stream',
      streamAt: at,
      detail: expect.stringMatching(/^zeros before it/) as string,
    });
  });

  it('is rather believed on a page boundary, and only with a version', () => {
    const noise = Uint8Array.from(raw('....QEVM....QEVM\0\0\0\x03...'));
    expect(recognise(join(noise, new Uint8Array(4096 - noise.length), STREAM)).streamAt).toBe(4096);
    expect(recognise(join(noise, '\0')).streamAt).toBe(12);
    expect(recognise(join('\0', raw('QEVM\0\0\0\x02'), '\0')).kind).toBe('unknown');
  });
});

describe('any bytes', () => {
  test('one of the kinds, one line, no control characters', () =>
    fc.assert(
      fc.property(
        fc.oneof(
          bytes(200),
          fc
            .tuple(
              fc.constantFrom(
                ...[
                  qcow2(3),
                  saveImage({}),
                  STREAM,
                  elf(4, true),
                  vectors,
                  raw('QCPR'),
                  raw('{"a'),
                  raw('<?xml'),
                  raw('\x11\x22\x33\x44\0\0\0\x01'),
                ],
              ),
              fc.nat(120),
              fc.nat(120),
              u8,
            )
            .map(([start, cut, at, byte]) => {
              const copy = start.slice(0, cut);
              if (copy.length > 0) copy[at % copy.length] = byte;
              return copy;
            }),
        ),
        fc.option(fc.string(), { nil: undefined }),
        (head, path) => {
          const found = recognise(head, { path });
          expect(recognisedKinds).toContain(found.kind);
          for (const text of [found.title, found.detail, found.hint === undefined ? '' : hintText(found.hint)])
            expect(text).not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
        },
      ),
      cases(600),
    ));
});

describe('rememberHead', () => {
  it('keeps what a pipe began with', async () => {
    const data = randomBytes(10_000);
    const source = rememberHead(forwardSource(memorySource(data)), 5000);
    for (let at = 0, got = 1; got > 0; at += got) got = await source.read(new Uint8Array(777), at);
    expect(Buffer.compare(source.head(), data.subarray(0, 5000))).toBe(0);
  });

  it('keeps nothing behind a gap, and whole reads once', async () => {
    const source = rememberHead(memorySource(Uint8Array.of(1, 2, 3, 4, 5)), 4);
    await source.read(new Uint8Array(2), 2);
    expect(source.head().length).toBe(0);
    await source.read(new Uint8Array(3), 0);
    await source.read(new Uint8Array(4), 1);
    expect([...source.head()]).toEqual([1, 2, 3, 4]);
  });
});
