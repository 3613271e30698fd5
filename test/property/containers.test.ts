// Whatever a container's bytes are, opening it gives the right bytes or exactly one typed error with its places: cut
// anywhere, one byte changed, random structure. Never a hang, never more work than the bytes are worth. qcow2.test.ts
// and mapped-ram.test.ts do the same for their formats.
import fc from 'fast-check';
import { spawnSync } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { libvirtFormats, libvirtHeader, type LibvirtHeader } from '../../src/container/libvirt/header.js';
import { encodeBytes } from '../../src/wire/kit/codec.js';
import { attempted, type Attempt } from '../support/container-attempt.js';
import { fixtureBytes } from '../support/fixtures.js';
import { cases } from '../support/seed.js';
import { makeTar, type TarWish } from '../support/tar.js';

/** A part of a real stream is enough: nothing here reads its grammar. */
const stream = Buffer.from(fixtureBytes('10.0.13-plain').subarray(0, 40_000));

const packers: Readonly<Record<string, readonly (readonly string[])[]>> = {
  gzip: [['-1'], ['-9'], ['-n']],
  bzip2: [['-1'], ['-9']],
  xz: [['-0'], ['-6', '--check=sha256'], ['-3', '--block-size=9000'], ['--check=none']],
  zstd: [['-1'], ['-19'], ['--no-check'], ['-T2', '-B10000']],
  lz4: [['-1'], ['-9', '-BD', '-B4'], ['--no-frame-crc'], ['-l']],
  lzop: [['-1'], ['-9']],
};
const installed = Object.keys(packers).filter((program) => {
  const missing = spawnSync(program, ['--version']).error !== undefined;
  if (missing) console.info(`skipped: ${program} data, since the program is not installed`);
  return !missing;
});

function pack(program: string, args: readonly string[], input: Uint8Array): Buffer {
  const { stdout, status, stderr } = spawnSync(program, ['-c', ...args], { input, maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr.toString()}`);
  return stdout;
}

function saveImage(behind: Uint8Array, more: Partial<LibvirtHeader> = {}, data = '<domain/>\0'): Buffer {
  const header: LibvirtHeader = {
    ...{
      magic: 'LibvirtQemudSave',
      littleEndian: true,
      version: 2,
      dataLength: Buffer.byteLength(data),
      wasRunning: 1,
    },
    ...{ format: 0, cookieOffset: 0, unused: new Uint8Array(56) },
    ...more,
  };
  return Buffer.concat([encodeBytes(libvirtHeader, header), Buffer.from(data), behind]);
}

/**
 * What came out is the stream, or there is one error, or nothing was found. `cut`: bytes without a length may end
 * early.
 */
async function rightOrTyped(bytes: Uint8Array, cut = false): Promise<Attempt> {
  const found = await attempted(bytes);
  // A checksum comes behind the bytes: those before an error may be wrong.
  if (!found.nothing && found.error === undefined)
    expect(found.bytes.equals(cut ? stream.subarray(0, found.bytes.length) : stream)).toBe(true);
  return found;
}

describe.each(installed)('%s data', (program) => {
  const seeds = packers[program]!.map((args) => pack(program, args, stream));
  const seed = fc.constantFrom(...seeds);

  test('cut anywhere', () =>
    fc.assert(
      fc.asyncProperty(seed, fc.nat(), async (bytes, at) => {
        const cut = bytes.subarray(0, at % bytes.length);
        const { error, nothing } = await rightOrTyped(cut, true);
        // The old lz4 format has no end mark: a file that is cut between two blocks is a whole file.
        if (!nothing && program !== 'lz4')
          expect(['truncated', 'bad-container', 'not-a-stream']).toContain(error?.code);
      }),
      cases(8),
    ));

  test('one byte changed', () =>
    fc.assert(
      // Without a checksum a change shows in nothing but the bytes.
      fc.asyncProperty(
        fc.constantFrom(...checked(program, seeds)),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async (bytes, at, by) => {
          const copy = Buffer.from(bytes);
          // Behind the magic: what has none may be a file with a stream further in, for lz4 and zstd leave its header
          // as it is.
          copy[9 + (at % (copy.length - 9))]! ^= by;
          await rightOrTyped(copy);
        },
      ),
      cases(12),
    ));

  test('several members, any options, inside of an image', () => {
    const part = fc.record({ size: fc.integer({ min: 0, max: 40_000 }), args: fc.constantFrom(...packers[program]!) });
    return fc.assert(
      fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 4 }), fc.boolean(), async (parts, image) => {
        // Only the last file of the old lz4 format ends: nothing may follow it.
        const sizes = parts.filter(({ args }) => !args.includes('-l'));
        const members: Buffer[] = [];
        let at = 0;
        for (const { size, args } of sizes) {
          members.push(pack(program, args, stream.subarray(at, at + size)));
          at = Math.min(stream.length, at + size);
        }
        members.push(pack(program, packers[program]![0]!, stream.subarray(at)));
        // An empty member in front hides nothing.
        const packed = Buffer.concat(members);
        const format = Math.max(
          0,
          libvirtFormats.findIndex((name) => name === program),
        );
        const { bytes, error } = await attempted(image ? saveImage(packed, { format }) : packed);
        expect(error).toBeUndefined();
        expect(bytes.equals(stream)).toBe(true);
      }),
      cases(5),
    );
  });

  test('anything behind the magic', () =>
    fc.assert(
      fc.asyncProperty(
        seed,
        fc.integer({ min: 2, max: 40 }),
        fc.uint8Array({ maxLength: 600 }),
        async (bytes, kept, rest) => {
          await attempted(Buffer.concat([bytes.subarray(0, kept), rest]));
        },
      ),
      cases(8),
    ));

  test('a bomb takes no memory', async () => {
    const bomb = pack(program, ['-9'], Buffer.alloc(32 << 20));
    const before = process.memoryUsage().arrayBuffers;
    const { bytes, error } = await attempted(saveImage(Buffer.concat([pack(program, ['-1'], stream), bomb])));
    expect([bytes.length >= 8 << 20, error]).toEqual([true, undefined]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(96 << 20);
  });
});

/** Those whose plain bytes have a checksum. */
function checked(program: string, seeds: readonly Buffer[]): Buffer[] {
  return seeds.filter(
    (_, i) => !packers[program]![i]!.some((arg) => /^--(check=none|no-check|no-frame-crc)$|^-l$/.test(arg)),
  );
}

describe('libvirt images', () => {
  const bodies = [stream, gzipSync(stream)];
  const images = bodies.flatMap((body, format) => [
    saveImage(body, { format }),
    saveImage(body, { format, littleEndian: false, cookieOffset: 10 }, `<domain/>\0<cookie/>\0${'\0'.repeat(5000)}`),
  ]);

  test('any header that libvirt could have written', () =>
    fc.assert(
      fc.asyncProperty(
        fc.record({
          version: fc.integer({ min: 0, max: 2 }),
          format: fc.nat(9),
          wasRunning: fc.nat(1),
          littleEndian: fc.boolean(),
        }),
        fc.constantFrom<LibvirtHeader['magic']>('LibvirtQemudSave', 'LibvirtQemudPart'),
        fc.string({ unit: 'binary', maxLength: 300 }),
        fc.nat(70_000),
        fc.constantFrom(...bodies),
        async (words, magic, xml, padding, body) => {
          const data = `<domain>${xml}</domain>${'\0'.repeat(padding)}`;
          const { bytes, error } = await attempted(saveImage(body, { ...words, magic }, data));
          expect(error).toBeUndefined();
          expect(bytes.equals(stream)).toBe(true);
        },
      ),
      cases(60),
    ));

  test('any words', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.nat(200), fc.nat(0xffff_ffff)), { minLength: 5, maxLength: 5 }),
        async (words) => {
          const copy = Buffer.from(images[0]!);
          for (const [i, word] of words.entries()) copy.writeUInt32LE(word, 16 + 4 * i);
          await attempted(copy);
        },
      ),
      cases(80),
    ));

  test('cut anywhere', () =>
    fc.assert(
      fc.asyncProperty(fc.constantFrom(...images), fc.nat(), async (bytes, at) => {
        await rightOrTyped(bytes.subarray(0, at % bytes.length), true);
      }),
      cases(60),
    ));

  test('one byte of what stands before the stream changed', () =>
    fc.assert(
      fc.asyncProperty(fc.constantFrom(...images), fc.nat(120), fc.nat(255), async (bytes, at, value) => {
        const copy = Buffer.from(bytes);
        copy[at] = value;
        await attempted(copy);
      }),
      cases(80),
    ));
});

describe('tar archives', () => {
  const name = fc.oneof(
    fc.string({ minLength: 1, maxLength: 90, unit: fc.constantFrom(...'abc/.- ') }),
    fc.string({ minLength: 101, maxLength: 300, unit: fc.constantFrom('a', '/', 'ü') }),
  );
  const other: fc.Arbitrary<TarWish> = fc.record({
    name,
    bytes: fc.uint8Array({ maxLength: 1500 }),
    form: fc.constantFrom('ustar' as const, 'gnu' as const, 'pax' as const),
    type: fc.constantFrom('0', '\0', '7', '1', '2', '5'),
  });
  const fits = ({ name: text, form }: TarWish): boolean => form !== 'ustar' || /^[\x20-\x7e]{1,100}$/.test(text);
  // Links and folders have no bytes.
  const whole = (wish: TarWish): TarWish => ('125'.includes(wish.type!) ? { ...wish, bytes: new Uint8Array(0) } : wish);

  test('any members around the one that is named', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(other.filter(fits), { maxLength: 6 }),
        other.filter(fits),
        fc.nat(6),
        async (others, like, at) => {
          const state: TarWish = {
            ...like,
            name: like.name.padEnd(2, 'n').replace(/^./, 'S'),
            type: '0',
            bytes: stream,
          };
          const wishes = others.map(whole);
          wishes.splice(at, 0, state);
          const { bytes, error } = await attempted(makeTar(wishes), { member: state.name });
          expect(error).toBeUndefined();
          expect(bytes.equals(stream)).toBe(true);
        },
      ),
      cases(60),
    ));

  const archives = [
    makeTar([
      { name: 'readme', bytes: Buffer.from('hello') },
      { name: 'vm', bytes: stream },
    ]),
    makeTar([{ name: 'n'.repeat(200), bytes: saveImage(stream), form: 'gnu' }]),
    makeTar([{ name: 'n'.repeat(200), bytes: gzipSync(stream), form: 'pax' }]),
  ];

  test('any size and type, with a right checksum', () =>
    fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 12, maxLength: 12 }),
        fc.constantFrom(...'0123457LxgKSDVM\0'),
        fc.boolean(),
        async (size, type, digits) => {
          const said = digits ? size.map((byte) => 0x30 + (byte & 7)) : size;
          await attempted(
            makeTar([
              { name: 'a', bytes: Buffer.from('30 size=99999999999999999999\n'), type, size: said },
              { name: 'vm', bytes: stream },
            ]),
          );
        },
      ),
      cases(80),
    ));

  test('cut anywhere', () =>
    fc.assert(
      fc.asyncProperty(fc.constantFrom(...archives), fc.nat(), async (bytes, at) => {
        await rightOrTyped(bytes.subarray(0, at % bytes.length), true);
      }),
      cases(60),
    ));

  test('one byte of a header changed', () =>
    fc.assert(
      fc.asyncProperty(fc.constantFrom(...archives), fc.nat(1535), fc.nat(255), async (bytes, at, value) => {
        const copy = Buffer.from(bytes);
        copy[at] = value;
        await attempted(copy);
      }),
      cases(80),
    ));
});

test('zeros, text or anything else in front of a stream', () =>
  fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.nat(5000).map((size) => Buffer.alloc(size)),
        fc.uint8Array({ maxLength: 5000 }),
      ),
      async (before) => {
        const { bytes, error, nothing } = await attempted(Buffer.concat([before, stream]));
        if (!nothing && error === undefined) expect(bytes.equals(stream)).toBe(true);
      },
    ),
    cases(40),
  ));
