// AbortSignals and `await using`: everything long ends with the signal's reason, reads no more, and leaves no output.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { blobSource } from '../../src/bytes/blob-source.js';
import { readableSource } from '../../src/bytes/node/readable-source.js';
import { spool } from '../../src/bytes/node/spool.js';
import { forwardSource, memorySink, memorySource, type ByteSink, type ByteSource } from '../../src/bytes/source.js';
import { openContainers } from '../../src/container/open.js';
import { builtinDestination } from '../../src/destination/builtin-destination.js';
import { predict } from '../../src/loader/index.js';
import { openGuestMemory } from '../../src/open/guest-memory.js';
import { joinChannels } from '../../src/open/join-channels.js';
import { openStream } from '../../src/open/open-stream.js';
import { toMapped } from '../../src/ops/convert/to-mapped.js';
import { toPlain } from '../../src/ops/convert/to-plain.js';
import { readDevices } from '../../src/ops/devices/read-devices.js';
import { readLayouts } from '../../src/ops/devices/schema-from.js';
import { inspect } from '../../src/ops/inspect.js';
import { encodeDocument } from '../../src/ops/json/encode.js';
import { rewrite } from '../../src/ops/rewrite/rewrite.js';
import { readDonor } from '../../src/ops/transplant/donor.js';
import { transplant } from '../../src/ops/transplant/transplant.js';
import { verifyStream } from '../../src/ops/verify/verify.js';
import { fixtureBytes, fixtureChannels } from '../support/fixtures.js';

const stream = fixtureBytes('7.2.22-plain');
const live = fixtureBytes('4.0.0-live-xbzrle');
const mapped = fixtureBytes('10.0.13-mapped-ram');
const donor = await readDonor(memorySource(fixtureBytes('11.1.3-plain')));
const destination = await builtinDestination(memorySource(stream), { version: { major: 11, minor: 1 } });
const ramDocument = {
  items: [{ kind: 'pages', ram: { offset: 0, length: 4 << 20 } }],
} as unknown as Parameters<typeof encodeDocument>[0];

interface Given {
  /** Aborts during its n-th read. */
  readonly source: ByteSource;
  readonly sink: ByteSink;
  readonly signal: AbortSignal;
}

async function all(events: AsyncIterable<unknown>): Promise<void> {
  for await (const event of events) void event;
}

const works: readonly (readonly [name: string, bytes: Uint8Array, (given: Given) => Promise<unknown>])[] = [
  ['events', stream, async ({ source, signal }) => all((await openStream(source, { signal })).events())],
  ['inspect', stream, async ({ source, signal }) => inspect(await openStream(source, { signal }))],
  ['verifyStream', stream, async ({ source, signal }) => verifyStream(await openStream(source, { signal }))],
  ['predict', stream, ({ source, signal }) => predict(source, destination, { signal })],
  [
    'builtinDestination',
    stream,
    ({ source, signal }) => builtinDestination(source, { version: { major: 9, minor: 0 }, signal }),
  ],
  ['rewrite', stream, ({ source, sink, signal }) => rewrite(source, sink, [], { signal })],
  ['compact', live, ({ source, sink, signal }) => rewrite(source, sink, [{ edit: 'compact' }], { signal })],
  ['transplant', stream, ({ source, sink, signal }) => transplant(source, sink, donor, { signal })],
  ['readDonor', stream, ({ source, signal }) => readDonor(source, { signal })],
  ['readDevices', stream, ({ source, signal }) => readDevices(source, { signal })],
  ['readLayouts', stream, ({ source, signal }) => readLayouts(source, { signal })],
  ['openGuestMemory', stream, ({ source, signal }) => openGuestMemory(source, { signal })],
  ['toMapped', stream, ({ source, sink, signal }) => toMapped(source, sink, { signal })],
  ['toPlain', mapped, ({ source, sink, signal }) => toPlain(source, sink, { signal })],
  ['openContainers', stream, ({ source, signal }) => openContainers(source, { signal })],
  [
    'encodeDocument',
    new Uint8Array(4 << 20),
    ({ source, sink, signal }) => encodeDocument(ramDocument, source, sink, { signal }),
  ],
  [
    'joinChannels',
    fixtureChannels('10.0.13-multifd')[0]!,
    async ({ source, signal }) =>
      all(joinChannels(await openStream(fixtureBytes('10.0.13-multifd')), [source], undefined, { signal }).events()),
  ],
];

/** `bytes`, aborted during read `n`; counts the reads that begin afterwards. */
function aborting(
  bytes: Uint8Array,
  n: number,
): Given & { readonly late: () => number; readonly reason: Error; readonly state: () => string } {
  const controller = new AbortController();
  const reason = new Error('enough');
  const memory = memorySource(bytes);
  let reads = 0;
  let late = 0;
  let state = 'open';
  const source: ByteSource = {
    ...memory,
    read(into, at) {
      reads += 1;
      if (controller.signal.aborted) late += 1;
      if (reads === n) controller.abort(reason);
      return memory.read(into, at);
    },
  };
  const sink: ByteSink = {
    ...memorySink(),
    async commit() {
      state = 'committed';
    },
    async abort() {
      state = 'aborted';
    },
  };
  return { source, sink, signal: controller.signal, late: () => late, reason, state: () => state };
}

describe.each(works)('%s', (name, bytes, work) => {
  test.each([0, 1])('ends with the reason of the signal (read %i)', async (n) => {
    const given = aborting(bytes, n);
    // 0: aborted before anything was read.
    const signal = n === 0 ? AbortSignal.abort(given.reason) : given.signal;
    await expect(work({ ...given, signal })).rejects.toBe(given.reason);
    expect(given.late()).toBe(0);
    if (['rewrite', 'compact', 'transplant'].includes(name)) expect(given.state()).toBe('aborted');
    else expect(given.state()).toBe('open');
  });
});

test('an abort in the middle ends every read after it', async () => {
  let failed = 0;
  for (let n = 1; ; n += 1) {
    const given = aborting(live, n);
    const opened = { slabSize: 4096, signal: given.signal };
    const error: unknown = await rewrite(given.source, given.sink, [{ edit: 'compact' }], opened).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (!given.signal.aborted) break;
    // The last reads may have been in flight when everything was read.
    if (error === undefined) continue;
    expect(error).toBe(given.reason);
    expect([given.late(), given.state()]).toEqual([0, 'aborted']);
    failed += 1;
    n += 10;
  }
  expect(failed).toBeGreaterThan(10);
});

test('guest memory ends with the signal that it was opened with', async () => {
  const controller = new AbortController();
  const memory = await openGuestMemory(memorySource(stream), { signal: controller.signal });
  const block = memory.blocks.findIndex(({ idstr }) => idstr === 'pc.bios');
  const page = Array.from({ length: memory.pagesOf(block) }, (_, i) => i).find(
    (i) => memory.came(block, i) && !memory.isZero(block, i),
  );
  const into = new Uint8Array(memory.pageSize);
  await memory.read(block, page!, into);
  controller.abort();
  await expect(memory.read(block, page!, into)).rejects.toMatchObject({ name: 'AbortError' });
});

describe('a pipe that gives nothing', () => {
  const silent = (): { source: ByteSource; pipe: PassThrough } => {
    const pipe = new PassThrough();
    return { source: readableSource(pipe, 'pipe'), pipe };
  };
  const soon = (): { signal: AbortSignal } => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 5);
    return { signal: controller.signal };
  };

  test('is left by events, and can be closed', async () => {
    const { source, pipe } = silent();
    const opened = await openStream(source, soon());
    await expect(inspect(opened)).rejects.toMatchObject({ name: 'AbortError' });
    await opened.close();
    expect(pipe.destroyed).toBe(true);
  });

  test('is closed by openContainers', async () => {
    const { source, pipe } = silent();
    await expect(openContainers(source, soon())).rejects.toMatchObject({ name: 'AbortError' });
    expect(pipe.destroyed).toBe(true);
  });

  test('leaves no copy where it was spooled', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mstream-abort-'));
    const { source } = silent();
    await expect(spool(source, folder, soon())).rejects.toMatchObject({ name: 'AbortError' });
    expect(readdirSync(folder)).toEqual([]);
    await source.close();
    rmSync(folder, { recursive: true });
  });
});

test('`await using` closes sources, streams and containers, once', async () => {
  const closed: string[] = [];
  const counted = (name: string): ByteSource => ({
    ...memorySource(stream),
    close: async () => void closed.push(name),
  });
  {
    await using opened = await openStream(counted('stream'));
    expect(opened.source.size).toBe(stream.length);
    await using nest = await openContainers(forwardSource(counted('container')));
    expect(nest.layers).toEqual([]);
    await using joined = joinChannels(await openStream(counted('main')), [], undefined);
    expect(joined.merged).toBeUndefined();
    await using blob = blobSource(new Blob([Uint8Array.from(stream)]));
    expect(blob.size).toBe(stream.length);
    expect(closed).toEqual([]);
  }
  expect(closed).toEqual(['main', 'container', 'stream']);
});
