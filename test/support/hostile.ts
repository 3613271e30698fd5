// Files that an enemy made: counts, lengths and depths that nothing could hold, names that attack a terminal or a path.
// Each small here or made on the spot; what reading them must answer stands beside them.
import type { ErrorCode } from '../../src/base/errors.js';

export interface Hostile {
  readonly bytes: () => Uint8Array;
  /** `none`: it may be read to its end. */
  readonly expected: readonly (ErrorCode | 'none')[];
  /** Of a pipe, where that may differ. */
  readonly piped?: readonly (ErrorCode | 'none')[];
}

const be32 = (value: number): number[] => [
  (value >>> 24) & 0xff,
  (value >>> 16) & 0xff,
  (value >>> 8) & 0xff,
  value & 0xff,
];
const be64 = (value: bigint): number[] => [...be32(Number(value >> 32n)), ...be32(Number(value & 0xffff_ffffn))];
const counted = (text: string): number[] => [text.length & 0xff, ...Buffer.from(text, 'latin1')];
const HEADER = [...Buffer.from('QEVM'), ...be32(3)];
const CONFIGURATION = [7, ...be32(2), 0x70, 0x63];
const START = [1, ...be32(2), ...counted('ram'), ...be32(0), ...be32(4)];
const EOS = [...be64(0x10n), 0x7e, ...be32(2)];
const CAPABILITIES = (names: readonly string[], count = names.length): number[] => [
  5,
  ...counted('configuration/capabilities'),
  ...be32(1),
  ...be32(count),
  ...names.flatMap(counted),
];
const ONE_BLOCK = [...be64(0x1004n), ...counted('a'), ...be64(0x1000n)];

const from = (...parts: (readonly number[] | Uint8Array)[]): Uint8Array =>
  Uint8Array.from(Buffer.concat(parts.map((part) => Uint8Array.from(part))));

/** `name` as the only block, and a page record for a block that is not listed. */
function evilName(name: string): Uint8Array {
  return from(
    HEADER,
    CONFIGURATION,
    START,
    be64(0x1004n),
    counted(name),
    be64(0x1000n),
    EOS,
    [2, ...be32(2)],
    be64(0x02n),
    counted(`${name}!`),
    [0],
  );
}

/** Header, empty RAM, then `items`. */
function withItems(...items: (readonly number[] | Uint8Array)[]): Uint8Array {
  return from(HEADER, CONFIGURATION, START, ONE_BLOCK, EOS, Buffer.concat(items.map((item) => Uint8Array.from(item))));
}

function vmdescription(json: Uint8Array | string): Uint8Array {
  const bytes = typeof json === 'string' ? Buffer.from(json, 'latin1') : json;
  return withItems(
    [4, ...be32(9), ...counted('dev'), ...be32(0), ...be32(1), 1, 2, 3, 0x7e, ...be32(9)],
    [0, 6, ...be32(bytes.length)],
    bytes,
  );
}

/** Every 5 bytes something that looks like a vmdescription that reaches to the end. */
function manyTails(size: number): Uint8Array {
  const bytes = new Uint8Array(size).fill(0x20);
  const view = new DataView(bytes.buffer);
  for (let at = 100; at + 12 < size; at += 12) {
    bytes[at] = 6;
    view.setUint32(at + 1, size - at - 5);
    bytes[at + 5] = 0x7b;
  }
  bytes[size - 1] = 0x7d;
  bytes.set(withItems([0]));
  return bytes;
}

const MiB = 2 ** 20;
const deepNodes = (depth: number): string =>
  '{"vmsd_name":"a","fields":[],"subsections":['.repeat(depth) + ']}'.repeat(depth);

export const hostile: Readonly<Record<string, Hostile>> = {
  'machine name of 4 GiB': { bytes: () => from(HEADER, [7], be32(0xffffffff), [0x70]), expected: ['limit-exceeded'] },
  'machine name of 2 GiB - 1': { bytes: () => from(HEADER, [7], be32(0x7fffffff)), expected: ['limit-exceeded'] },
  'four billion capabilities': {
    bytes: () => from(HEADER, CONFIGURATION, CAPABILITIES([], 0xffffffff), START),
    expected: ['truncated'],
  },
  'four billion empty capabilities': {
    bytes: () => from(HEADER, CONFIGURATION, CAPABILITIES([], 0xffffffff), new Uint8Array(32 * MiB)),
    expected: ['limit-exceeded'],
  },
  'an unknown configuration subsection without end': {
    bytes: () =>
      from(HEADER, CONFIGURATION, [5, ...counted('configuration/x'), ...be32(1)], new Uint8Array(32 * MiB).fill(0xff)),
    expected: ['limit-exceeded'],
  },
  'a million blocks': {
    bytes: () => {
      const entry = [...counted('aaaa'), ...be64(0x1000n)];
      const list = new Uint8Array(entry.length * 1e6);
      for (let i = 0; i < 1e6; i += 1) list.set(entry, i * entry.length);
      return from(HEADER, CONFIGURATION, START, be64(0x1000n * 1_000_000n + 4n), list, EOS, [0]);
    },
    expected: ['limit-exceeded'],
  },
  'a million blocks of no length': {
    bytes: () => from(HEADER, CONFIGURATION, START, be64(0x1004n), new Uint8Array(9e6), EOS, [0]),
    expected: ['limit-exceeded'],
  },
  'five thousand names of 255 bytes, layout not known': {
    bytes: () => {
      const list = Array.from({ length: 5000 }, (_, i) => [
        ...counted(String(i).padStart(255, 'x')),
        ...be64(0x1000n),
        ...be64(0n),
      ]).flat();
      return from(
        HEADER,
        CONFIGURATION,
        CAPABILITIES(['x-ignore-shared']),
        START,
        be64(5000n * 0x1000n + 4n),
        list,
        EOS,
        [0],
      );
    },
    expected: ['limit-exceeded'],
  },
  'a total that no list reaches': {
    bytes: () =>
      from(HEADER, CONFIGURATION, START, be64(0x0010_0000_0000_0004n), counted('a'), be64(0x1000n), EOS, [0]),
    expected: ['truncated', 'address-too-large', 'bad-block-list'],
  },
  'a total near 2^64': {
    bytes: () =>
      from(HEADER, CONFIGURATION, START, be64(0xffff_ffff_ffff_f004n), counted('a'), be64(0x1000n), EOS, [0]),
    expected: ['address-too-large'],
  },
  'a length near 2^64': {
    bytes: () =>
      from(HEADER, CONFIGURATION, START, be64(0x1004n), counted('a'), be64(0xffff_ffff_ffff_f000n), EOS, [0]),
    expected: ['address-too-large'],
  },
  'a length near 2^53': {
    bytes: () =>
      from(
        HEADER,
        CONFIGURATION,
        START,
        be64(0x1f_ffff_ffff_f004n),
        counted('a'),
        be64(0x1f_ffff_ffff_f000n),
        EOS,
        [0],
      ),
    expected: ['none'],
  },
  'lengths whose sum is past 2^53': {
    bytes: () =>
      from(
        HEADER,
        CONFIGURATION,
        START,
        be64(0x1f_ffff_ffff_f004n),
        counted('a'),
        be64(0x10_0000_0000_0000n),
        counted('b'),
        be64(0x1f_ffff_ffff_f000n),
        EOS,
        [0],
      ),
    expected: ['bad-block-list'],
  },
  'mapped-ram offsets near 2^53': {
    bytes: () =>
      from(
        HEADER,
        CONFIGURATION,
        CAPABILITIES(['mapped-ram']),
        START,
        be64(0x1004n),
        counted('a'),
        be64(0x1000n),
        be32(1),
        be64(4096n),
        be64(0x1f_ffff_fff0_0000n),
        be64(0x1f_ffff_ffff_f000n),
        new Uint8Array(MiB),
      ),
    expected: ['truncated', 'bad-block-list'],
  },
  'mapped-ram offsets that point back': {
    bytes: () =>
      from(
        HEADER,
        CONFIGURATION,
        CAPABILITIES(['mapped-ram']),
        START,
        be64(0x1004n),
        counted('a'),
        be64(0x1000n),
        be32(1),
        be64(4096n),
        be64(0x20n),
        be64(0x40n),
        new Uint8Array(MiB),
      ),
    expected: ['bad-block-list', 'bad-ram-flags'],
  },
  'mapped-ram pages of 0 bytes': {
    bytes: () =>
      from(
        HEADER,
        CONFIGURATION,
        CAPABILITIES(['mapped-ram']),
        START,
        be64(0x1004n),
        counted('a'),
        be64(0x1000n),
        be32(1),
        be64(0n),
        be64(0x80n),
        be64(0x100000n),
        new Uint8Array(2 * MiB),
      ),
    expected: ['bad-ram-flags'],
  },
  'a compressed page of 4 GiB': {
    bytes: () => withItems([2, ...be32(2)], be64(0x100n), counted('a'), be32(0xffffffff), new Uint8Array(5000)),
    expected: ['bad-payload'],
  },
  'PACKAGED in PACKAGED, a thousand times': {
    bytes: () =>
      withItems(
        ...Array.from({ length: 1000 }, (_, i) => [8, 0, 7, 0, 4, ...be32((1000 - i) * 9)]),
        new Uint8Array(100),
      ),
    expected: ['limit-exceeded', 'bad-command'],
  },
  'PACKAGED of 4 GiB': {
    bytes: () => withItems([8, 0, 7, 0, 4, ...be32(0xffffffff)], new Uint8Array(1000)),
    expected: ['truncated'],
  },
  '70,000 sections': {
    bytes: () =>
      withItems(
        ...Array.from({ length: 70_000 }, (_, i) => [
          4,
          ...be32(i + 10),
          1,
          0x61,
          ...be32(i),
          ...be32(1),
          0x7e,
          ...be32(i + 10),
        ]),
        [0],
      ),
    expected: ['limit-exceeded'],
  },
  'a payload that is all footers': {
    bytes: () => {
      const fake = [0x7e, ...be32(9), 4, ...be32(10), 255];
      const all = new Uint8Array(fake.length * 1e6);
      for (let i = 0; i < 1e6; i += 1) all.set(fake, i * fake.length);
      return withItems([4, ...be32(9), ...counted('dev'), ...be32(0), ...be32(1)], all);
    },
    expected: ['truncated'],
  },
  'a vmdescription of 4 GiB': {
    bytes: () => withItems([0, 6, ...be32(0xffffffff)], Buffer.from('{}')),
    expected: ['truncated'],
    piped: ['limit-exceeded', 'truncated'],
  },
  'JSON a million levels deep': {
    bytes: () => vmdescription('{"devices":' + '['.repeat(1e6) + ']'.repeat(1e6) + '}'),
    expected: ['none'],
  },
  'JSON whose depth hides behind brackets in a string': {
    bytes: () => vmdescription(`{"a":"${']'.repeat(3e6)}","devices":[${deepNodes(60_000)}]}`),
    expected: ['none'],
  },
  'JSON of four million empty lists': {
    bytes: () => vmdescription(`{"devices":[${'[],'.repeat(4e6)}[]]}`),
    expected: ['limit-exceeded'],
  },
  'JSON of 8 MB of numbers': {
    bytes: () => vmdescription(`{"devices":[],"a":[${'1,'.repeat(4e6)}1]}`),
    expected: ['none'],
  },
  'JSON of 800,000 keys': {
    bytes: () => vmdescription(`{"devices":[],"a":{${Array.from({ length: 800_000 }, (_, i) => `"${i}k":0`).join()}}}`),
    expected: ['limit-exceeded'],
  },
  'JSON of as many values as are allowed': {
    bytes: () => vmdescription(`{"devices":[${'[],'.repeat(84_000)}[]]}`),
    expected: ['none'],
  },
  'JSON of as many keys as are allowed': {
    bytes: () => vmdescription(`{"devices":[],"a":{${Array.from({ length: 169_000 }, (_, i) => `"${i}k":0`).join()}}}`),
    expected: ['none'],
  },
  'JSON of 8 MB': { bytes: () => vmdescription(`{"devices":[],"a":"${'x'.repeat(8e6)}"}`), expected: ['none'] },
  'JSON of 20 MB': {
    bytes: () => vmdescription(`{"devices":[],"a":"${'x'.repeat(20e6)}"}`),
    expected: ['limit-exceeded'],
  },
  'a device of 40 MB': {
    bytes: () =>
      withItems([4, ...be32(9), ...counted('dev'), ...be32(0), ...be32(1)], new Uint8Array(40e6), [
        0x7e,
        ...be32(9),
        0,
      ]),
    expected: ['none'],
  },
  'devices of 16 MB, just what is held of a pipe': {
    bytes: () =>
      withItems(
        [4, ...be32(9), ...counted('dev'), ...be32(0), ...be32(1)],
        new Uint8Array(16 * MiB - 6_000_000),
        [0x7e, ...be32(9), 0, 6, ...be32(5_900_000 + 21)],
        Buffer.from(`{"devices":[],"a":"${'x'.repeat(5_900_000)}"}`),
      ),
    expected: ['none'],
  },
  'JSON with absurd sizes': {
    bytes: () =>
      vmdescription(
        '{"devices":[{"name":"dev","instance_id":0,"fields":[{"name":"x","size":9007199254740991},{"name":"y","size":1e308,"array_len":1e308}]},{"name":"dev","instance_id":-1,"fields":[{"size":-5}]}]}',
      ),
    expected: ['none'],
  },
  'JSON with a size past the end': {
    bytes: () =>
      vmdescription('{"devices":[{"name":"dev","instance_id":0,"fields":[{"name":"x","size":9007199254740991}]}]}'),
    expected: ['truncated', 'none'],
  },
  'JSON with keys of the language': {
    bytes: () =>
      vmdescription(
        '{"__proto__":{"devices":1},"devices":[{"name":"constructor","__proto__":null,"fields":[{"size":3}]},{"name":"__proto__","fields":null}]}',
      ),
    expected: ['none'],
  },
  'two million places that look like a vmdescription': {
    bytes: () => manyTails(24 * MiB),
    expected: ['none', 'truncated'],
  },
  'a block called ../../etc/passwd': { bytes: () => evilName('../../etc/passwd'), expected: ['unknown-block'] },
  'a block name with NUL': { bytes: () => evilName('a\0b'), expected: ['unknown-block'] },
  'a block name with escapes': {
    bytes: () => evilName('\x1b]0;owned\x07\x1b[2J\x9b31m\r\n\x7f'),
    expected: ['unknown-block'],
  },
  'a section name with escapes': {
    bytes: () => withItems([4, ...be32(9), ...counted('\x1b[2J\x00\x9b'), ...be32(0), ...be32(1), 1, 2, 3]),
    expected: ['truncated'],
  },
  'a configuration subsection with escapes': {
    bytes: () =>
      from(
        HEADER,
        CONFIGURATION,
        [5, ...counted('configuration/\x1b[2J\x9b'), ...be32(7)],
        new Uint8Array(10).fill(0xff),
      ),
    expected: ['truncated'],
  },
};
