// Saved states in qcow2 images: found, chosen, read through every kind of cluster, refused by name, and damaged images
// that give one typed error. The images are made here, cluster by cluster; real ones are in test/e2e/qcow2.test.ts.
import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, test } from 'vitest';
import { MigrationStreamError } from '../../../src/base/errors.js';
import { nodeDecompressors } from '../../../src/bytes/node/decompressors.js';
import { forwardSource, memorySource, type ByteSource } from '../../../src/bytes/source.js';
import type { OpenContext } from '../../../src/container/container.js';
import { openContainers, withPlaces } from '../../../src/container/open.js';
import { openSavedState } from '../../../src/container/qcow2/open.js';
import { mstream } from '../../support/fake-host.js';
import { fixtureBytes } from '../../support/fixtures.js';
import { deflateCluster, makeImage, type ImageWish, type Made } from '../../support/qcow2.js';
import { countingSource } from '../../support/sources.js';

const stream = fixtureBytes('7.2.22-plain');
const context: OpenContext = { decompressors: nodeDecompressors };

async function readAll(source: ByteSource, step = 100_000): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (let at = 0; at < source.size!;) {
    const part = Buffer.alloc(step);
    const got = await source.read(part, at);
    parts.push(part.subarray(0, got));
    at += got;
  }
  await source.close();
  return Buffer.concat(parts);
}

async function opened(image: Uint8Array | Made, more: OpenContext = {}): Promise<Buffer> {
  const bytes = image instanceof Uint8Array ? image : image.bytes;
  const nest = await openContainers(memorySource(bytes, 'disk.qcow2'), { ...context, ...more });
  expect(nest.layers.map(({ facts }) => facts.container)).toContain('qcow2');
  return readAll(nest.inner);
}

async function refusal(work: () => Promise<unknown>): Promise<MigrationStreamError> {
  const error = await work().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(MigrationStreamError);
  return error as MigrationStreamError;
}

const saved = { id: '1', tag: 's1', state: stream } as const;

describe('a state comes out as it went in', () => {
  const kinds: Readonly<Record<string, ImageWish>> = {
    'version 3, clusters of 4 KiB': {},
    'version 2': { version: 2 },
    'clusters of 512 bytes': { clusterBits: 9 },
    'clusters of 64 KiB': { clusterBits: 16 },
    'clusters of 2 MiB': { clusterBits: 21 },
    'extended L2 entries': { clusterBits: 14, extendedL2: true },
    'a disk that ends inside of an L2 table': { diskSize: 5_000_000 },
    'an empty disk': { diskSize: 0 },
    'a snapshot of a disk that has grown since': {
      diskSize: 50_000_000,
      snapshots: [{ ...saved, diskSize: 1_000_000 }],
    },
    'compressed clusters': { snapshots: [{ ...saved, compress: deflateCluster }] },
    'compressed clusters of 64 KiB': { clusterBits: 16, snapshots: [{ ...saved, compress: deflateCluster }] },
    'compressed clusters beside extended L2 entries': {
      clusterBits: 14,
      extendedL2: true,
      snapshots: [{ ...saved, compress: deflateCluster }],
    },
    'zero clusters': { clusterBits: 9, snapshots: [{ ...saved, holes: 'zero' }] },
    'zero subclusters': { clusterBits: 14, extendedL2: true, snapshots: [{ ...saved, holes: 'zero' }] },
    'clusters that are not allocated': { clusterBits: 9, snapshots: [{ ...saved, holes: 'unallocated' }] },
    'no extra data': { version: 2, snapshots: [{ ...saved, extraSize: 0 }] },
    'extra data of 8 bytes': { version: 2, snapshots: [{ ...saved, extraSize: 8 }] },
    'extra data that nobody knows': { snapshots: [{ ...saved, extraSize: 1024 }] },
    'a size that is too small': { snapshots: [{ ...saved, vmStateSize: 1 }] },
    'a size that is too large': { snapshots: [{ ...saved, vmStateSize: 2 ** 40 }] },
  };
  test.each(Object.entries(kinds))('%s', async (_name, wish) => {
    const image = makeImage({ snapshots: [saved], ...wish });
    expect(Buffer.compare(await opened(image), stream)).toBe(0);
  });
});

describe('which state is meant', () => {
  const other = Buffer.concat([stream.subarray(0, 8), randomBytes(5000)]);
  const two = makeImage({
    snapshots: [saved, { id: '2', tag: 'größe', state: other, vmStateSize: 5008 }, { id: '3', tag: 'disk' }],
  });

  it('lists them when there are several', async () => {
    const error = await refusal(() => opened(two));
    expect(error).toMatchObject({
      code: 'several-streams',
      hint: { code: 'name-state', names: expect.stringContaining('#s1, #gr') as string },
    });
    expect(error.choices).toEqual([
      expect.objectContaining({ id: '1', tag: 's1', machine: 'pc-i440fx-7.2', diskOnly: false, vmClock: 1.5 }),
      expect.objectContaining({ id: '2', machine: null, damage: null }),
      expect.objectContaining({ id: '3', tag: 'disk', diskOnly: true, stateSize: 0 }),
    ]);
    const { code, stderr } = await mstream(['inspect', 'disk.qcow2'], { files: { 'disk.qcow2': two.bytes } });
    expect(code).toBe(2);
    expect(stderr).toMatch(/1 {3}s1 .*2023-11-14 22:13:20 {2}00:00:01.500 .* pc-i440fx-7.2\n/);
    expect(stderr).toMatch(/3 {3}disk .* disk only/);
  });

  it.each([
    ['s1', stream],
    ['1', stream],
    ['id:1', stream],
    ['tag:s1', stream],
    ['größe', other],
  ])('opens %s', async (snapshot, bytes) => {
    expect(Buffer.compare((await opened(two, { snapshot })).subarray(0, bytes.length), bytes)).toBe(0);
  });

  it.each([
    ['nothing', 'has no snapshot "nothing"'],
    ['disk', 'snapshot "disk" holds the disk alone'],
    ['', 'the active L1 table'],
  ])('refuses %j', async (snapshot, message) => {
    const error = await refusal(() => opened(two, { snapshot }));
    expect(error).toMatchObject({
      code: 'not-a-stream',
      hint: { code: 'name-state', names: expect.stringContaining('#s1') as string },
    });
    expect(error.message).toContain(message);
  });

  it('says when a word names more than one', async () => {
    const twins = makeImage({ snapshots: [saved, { ...saved, id: '2' }, { ...saved, id: '3', tag: '1' }] });
    expect(await refusal(() => opened(twins, { snapshot: 's1' }))).toMatchObject({
      code: 'several-streams',
      hint: { code: 'name-state', names: '#id:1, #id:2' },
    });
    expect(await refusal(() => opened(twins, { snapshot: '1' }))).toMatchObject({ code: 'several-streams' });
    expect(Buffer.compare(await opened(twins, { snapshot: 'id:1' }), stream)).toBe(0);
    expect(Buffer.compare(await opened(twins, { snapshot: '2' }), stream)).toBe(0);
  });

  it('finds a state in the active L1 table, with and without the sign', async () => {
    const orphan = makeImage({ active: stream, snapshots: [{ id: '1', tag: 'disk' }] });
    expect(Buffer.compare(await opened(orphan), stream)).toBe(0);
    expect(Buffer.compare(await opened(orphan, { snapshot: '' }), stream)).toBe(0);
    const { stdout } = await mstream(['inspect', 'd#'], { files: { d: orphan.bytes } });
    expect(stdout).toContain('note: no snapshot names this state');
    expect(stdout).toContain('note: 1 more snapshot of the disk alone');
    // What is no stream there is old data.
    expect(await refusal(() => opened(makeImage({ active: randomBytes(9000) })))).toMatchObject({
      code: 'not-a-stream',
    });
    const both = await refusal(() => opened(makeImage({ active: stream, snapshots: [saved] })));
    expect(both.choices).toHaveLength(2);
  });

  it('takes the active state for the snapshot’s where both share their clusters', async () => {
    const image = makeImage({ active: stream, snapshots: [saved] });
    // As after loadvm: the active table leads to the snapshot’s L2 table.
    const [own, active] = image.at.l1;
    image.bytes.copy(image.bytes, active! + 8, own! + 8, own! + 16);
    expect(Buffer.compare(await opened(image), stream)).toBe(0);
  });

  it('says what an image without a state is', async () => {
    expect((await refusal(() => opened(makeImage({})))).message).toContain('has no snapshots');
    const disks = makeImage({
      snapshots: [
        { id: '1', tag: 'a' },
        { id: '2', tag: 'b' },
      ],
    });
    expect((await refusal(() => opened(disks))).message).toContain('all 2 snapshots are of the disk alone');
  });
});

describe('backing files', () => {
  const holes = { ...saved, holes: 'unallocated' } as const;
  const files = (more: Readonly<Record<string, Uint8Array>>, opens: string[] = []): OpenContext => ({
    async openBacking(path) {
      opens.push(path);
      const bytes = more[path];
      if (bytes === undefined) throw new MigrationStreamError({ code: 'io', message: `cannot open ${path}` });
      return memorySource(bytes, path);
    },
  });

  it('are not opened where the state is whole', async () => {
    const opens: string[] = [];
    const image = makeImage({ snapshots: [saved], backing: { name: 'base', format: 'qcow2' } });
    expect(Buffer.compare(await opened(image, files({}, opens)), stream)).toBe(0);
    expect(opens).toEqual([]);
  });

  it('give zeros behind their end, and their bytes where they are larger', async () => {
    const image = makeImage({ clusterBits: 9, snapshots: [holes], backing: { name: 'base' } });
    expect(Buffer.compare(await opened(image, files({ base: Buffer.alloc(1000, 1) })), stream)).toBe(0);
    const large = Buffer.alloc(2 << 20, 7);
    const seen = await opened(image, files({ base: large }));
    const hole = stream.findIndex((_, at) => at % 512 === 0 && stream.subarray(at, at + 512).every((b) => b === 0));
    expect(hole).toBeGreaterThan(0);
    expect(seen.subarray(hole, hole + 512).every((byte) => byte === 7)).toBe(true);
  });

  it('are refused where they loop, are missing, or have another format', async () => {
    const image = (name: string, format?: string): Uint8Array =>
      makeImage({
        clusterBits: 9,
        diskSize: 4 << 20,
        snapshots: [{ ...holes, diskSize: 1 << 20 }],
        backing: { name, ...(format === undefined ? {} : { format }) },
      }).bytes;
    const self = image('disk.qcow2', 'qcow2');
    expect((await refusal(() => opened(self, files({ 'disk.qcow2': self })))).message).toContain('a loop');
    const [a, b] = [image('b', 'qcow2'), image('a', 'qcow2')];
    expect((await refusal(() => opened(a, files({ a, b })))).message).toContain('a loop');
    expect(await refusal(() => opened(image('gone'), files({})))).toMatchObject({ code: 'io' });
    expect(await refusal(() => opened(image('x', 'vmdk'), files({ x: a })))).toMatchObject({ code: 'unsupported' });
    expect(await refusal(() => opened(image('nbd://host/x'), files({})))).toMatchObject({ code: 'unsupported' });
    expect(await refusal(() => opened(image('base')))).toMatchObject({ code: 'unsupported' });
    // Every file has a name of its own, so that only the depth stops it.
    const endless = async (path: string): Promise<ByteSource> => memorySource(image(`${path}x`, 'qcow2'), path);
    expect(await refusal(() => opened(image('x', 'qcow2'), { openBacking: endless }))).toMatchObject({
      code: 'limit-exceeded',
    });
  });
});

describe('refused by name', () => {
  const feature = Buffer.alloc(48);
  feature.writeUInt8(9, 1);
  feature.write('time travel', 2);
  it.each<[string, ImageWish, string]>([
    ['AES', { cryptMethod: 1 }, 'encrypted (AES)'],
    ['LUKS', { cryptMethod: 2 }, 'encrypted (LUKS)'],
    [
      'an external data file',
      { incompatible: 4n, extensions: [[0x44415441, Buffer.from('d.raw')]] },
      'external data file ("d.raw")',
    ],
    ['a feature with a name', { incompatible: 1n << 9n, extensions: [[0x6803f857, feature]] }, 'bit 9 ("time travel")'],
    ['a feature without one', { incompatible: 1n << 63n }, 'bit 63'],
    ['another compression', { compressionType: 7 }, 'compression type 7'],
  ])('%s', async (_name, wish, message) => {
    const error = await refusal(() => opened(makeImage({ snapshots: [saved], ...wish })));
    expect(error.code).toBe('unsupported');
    expect(error.message).toContain(message);
  });

  it('a compression that the platform lacks', async () => {
    const image = makeImage({ snapshots: [{ ...saved, compress: deflateCluster }] });
    const error = await refusal(() => opened(image, { decompressors: {} }));
    expect(error).toMatchObject({ code: 'unsupported', message: expect.stringContaining('deflate') as string });
  });

  it('a pipe, unless it can be spooled', async () => {
    const { bytes } = makeImage({ snapshots: [saved] });
    const piped = (): ByteSource => forwardSource(memorySource(bytes));
    expect(await refusal(() => openContainers(piped(), context))).toMatchObject({ code: 'not-seekable' });
    const files = { 'd.gz': gzipSync(bytes) };
    const { code, stdout } = await mstream(['inspect', '--spool', '/tmp', 'd.gz'], { files });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^in gzip data\n {2}with a qcow2 image/);
  });
});

describe('damaged images', () => {
  const at = (made: Made, change: (bytes: Buffer, made: Made) => void): Uint8Array => {
    const bytes = Buffer.from(made.bytes);
    change(bytes, made);
    return bytes;
  };
  const image = makeImage({ clusterBits: 12, diskSize: 1 << 20, snapshots: [saved] });
  /** The L1 entry of the state’s L2 table: the one before is the disk’s. */
  const entry = image.at.l1[0]! + 8;
  const [l2] = image.at.l2;
  const damages: Readonly<Record<string, [string, (bytes: Buffer) => void]>> = {
    'the snapshot table behind the end': ['truncated', (b) => b.writeBigUInt64BE(1n << 40n, 64)],
    'the snapshot table not at a cluster': [
      'bad-container',
      (b) => b.writeBigUInt64BE(BigInt(image.at.snapshots + 8), 64),
    ],
    'too many snapshots': ['limit-exceeded', (b) => b.writeUInt32BE(65_537, 60)],
    'more snapshots than entries': ['limit-exceeded', (b) => b.writeUInt32BE(900, 60)],
    'too much extra data': ['limit-exceeded', (b) => b.writeUInt32BE(1025, image.at.snapshots + 36)],
    'an L1 table behind the end': ['truncated', (b) => b.writeBigUInt64BE(1n << 40n, image.at.snapshots)],
    'an L1 table not at a cluster': ['bad-container', (b) => b.writeBigUInt64BE(8n, image.at.snapshots)],
    'an L1 table that is too long': ['limit-exceeded', (b) => b.writeUInt32BE(0x400_0000, image.at.snapshots + 8)],
    'an L1 table that is too short': ['bad-container', (b) => b.writeUInt32BE(0, image.at.snapshots + 8)],
    'an L2 table behind the end': ['truncated', (b) => b.writeBigUInt64BE(1n << 40n, entry)],
    'an L2 table not at a cluster': ['bad-container', (b) => b.writeBigUInt64BE(BigInt(l2! + 512), entry)],
    'an L2 table that is the L1 table': ['bad-container', (b) => b.writeBigUInt64BE(BigInt(image.at.l1[0]!), entry)],
    'a cluster behind the end': ['truncated', (b) => b.writeBigUInt64BE(1n << 40n, l2! + 8)],
    'a cluster not at a cluster': ['bad-container', (b) => b.writeBigUInt64BE(BigInt(l2! + 512), l2! + 8)],
    'a cluster that is the L2 table': ['bad-container', (b) => b.writeBigUInt64BE(BigInt(l2!), l2! + 8)],
    'a cluster that is the L1 table': ['bad-container', (b) => b.writeBigUInt64BE(BigInt(image.at.l1[0]!), l2! + 8)],
    'a compressed cluster behind the end': ['truncated', (b) => b.writeBigUInt64BE((1n << 62n) | (1n << 40n), l2! + 8)],
    'a compressed cluster of rubbish': ['bad-container', (b) => b.writeBigUInt64BE((1n << 62n) | 8n, l2! + 8)],
    'a header that is longer than a cluster': ['bad-container', (b) => b.writeUInt32BE(5000, 100)],
    'refcounts that are too wide': ['bad-container', (b) => b.writeUInt32BE(7, 96)],
    'clusters that are too small': ['bad-container', (b) => b.writeUInt32BE(8, 20)],
    'clusters that are too large': ['bad-container', (b) => b.writeUInt32BE(22, 20)],
    'an active L1 table that is too long': ['limit-exceeded', (b) => b.writeUInt32BE(0x400_0001, 36)],
    'a disk beyond any file': ['bad-container', (b) => b.writeBigUInt64BE((1n << 53n) - 1n, image.at.snapshots + 48)],
    'a header extension beyond its place': [
      'bad-container',
      (b) => (b.writeUInt32BE(1, 112), b.writeUInt32BE(9999, 116)),
    ],
  };
  test.each(Object.entries(damages))('%s', async (_name, [code, change]) => {
    const error = await refusal(() => opened(at(image, change)));
    expect(error.code, error.message).toBe(code);
    expect(error.offset).toBeTypeOf('number');
  });

  it('gives a zero cluster in version 2, and subclusters that contradict, a name', async () => {
    const old = makeImage({ version: 2, snapshots: [saved] });
    old.bytes.writeBigUInt64BE(1n, old.at.l2[0]!);
    expect((await refusal(() => opened(old))).message).toContain('version 2');
    const extended = makeImage({ clusterBits: 14, extendedL2: true, snapshots: [saved] });
    extended.bytes.writeBigUInt64BE(0x1_0000_0001n, extended.at.l2[0]! + 8);
    expect((await refusal(() => opened(extended))).message).toContain('both zero and allocated');
  });

  it('refuses two entries with one L2 table', async () => {
    const long = makeImage({ clusterBits: 9, snapshots: [{ ...saved, state: Buffer.concat([stream, stream]) }] });
    const at1 = long.at.l1[0]! + 8 * ((1 << 20) / (512 * 64));
    long.bytes.copy(long.bytes, at1 + 8, at1, at1 + 8);
    expect((await refusal(() => opened(long))).message).toContain('two entries lead to the L2 table');
  });

  it('says where a broken stream lies in the image', async () => {
    const bytes = Buffer.from(image.bytes);
    const [data] = image.at.data;
    // The type byte of the configuration section.
    bytes[data![0]! + 8] = 0x55;
    const { code, stderr } = await mstream(['inspect', 'd'], { files: { d: bytes } });
    expect(code).toBe(3);
    expect(stderr).toContain(`at 0x8\n  inside a qcow2 image, at 0x${(data![0]! + 8).toString(16)} of it\n`);
  });

  it('gives an error of the image in the middle of the stream both offsets', async () => {
    const bytes = Buffer.from(image.bytes);
    bytes.writeBigUInt64BE(1n << 40n, l2! + 80);
    const { inner } = await openContainers(memorySource(bytes), context);
    const error = await refusal(() => readAll(inner, 4096));
    expect(error).toMatchObject({ code: 'truncated', offset: 40_960 });
    expect(error.outer).toEqual([{ container: 'a qcow2 image', offset: bytes.length }]);
    expect(withPlaces(error, [])).toBe(error);
  });
});

describe('what is read', () => {
  it('reads neighbouring clusters in one read, and each table once', async () => {
    const big = Buffer.concat([stream, Buffer.alloc(3 << 20, 5), Buffer.from('}')]);
    const image = makeImage({ clusterBits: 12, snapshots: [{ ...saved, state: big }] });
    const source = countingSource(memorySource(image.bytes));
    const { inner } = await openSavedState(source, context);
    source.reads.length = 0;
    await readAll(inner, 1 << 20);
    const total = source.reads.reduce((sum, { got }) => sum + got, 0);
    // 2 MiB of clusters between one L2 table and the next, so the data is in 2 runs, cut by 4 reads.
    expect(source.reads.length).toBeLessThanOrEqual(8);
    expect(total).toBeLessThan(big.length + 4 * 4096);
  });
});
