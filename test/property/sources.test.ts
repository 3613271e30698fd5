// Properties 8 and 9: a source that fails at read n, for every n, is one error of code io and is closed exactly once;
// and how much is read at all: no byte twice but for the look at the tail, and of mapped-ram almost nothing.
import { describe, expect, test } from 'vitest';
import { MigrationStreamError } from '../../src/base/errors.js';
import { forwardSource, memorySource, type ByteSource } from '../../src/bytes/source.js';
import { openStream, type MigrationStream } from '../../src/open/open-stream.js';
import { bigMapped } from '../support/big-streams.js';
import { smallStreams } from '../support/small-streams.js';
import { countingSource, faultySource, syntheticSource, type Counting } from '../support/sources.js';
import { writeModel, type ModelItem } from '../support/write-model.js';

const ram = { sectionId: 2, idstr: 'ram', instanceId: 0, versionId: 4 };
const eos: ModelItem = { kind: 'ram-mark', mark: 'eos', flags: 0x10, address: 0 };
const close: ModelItem = { kind: 'section-close', footer: true };

/** Walks it, and closes whatever happens: what a command does. */
async function run(source: ByteSource, slabSize: number): Promise<unknown> {
  let stream: MigrationStream | undefined;
  try {
    stream = await openStream(source, { slabSize });
    for await (const _ of stream.events());
    return undefined;
  } catch (error) {
    return error;
  } finally {
    await (stream ?? source).close();
    await stream?.close(); // once more does nothing
  }
}

describe('a source that fails', () => {
  const errors = [
    new Error('EIO: i/o error, read'),
    'a string',
    null,
    Object.assign(new Error('gone'), { code: 'ENODEV' }),
  ];

  test('at read n, for every n', async () => {
    const [stream] = await smallStreams(
      1,
      4000,
      (model) => model.tame && model.pipe && model.pageSize === 4096 && model.items.length > 20,
    );
    const { bytes } = stream!;
    for (const slabSize of [64, 500]) {
      for (const pipe of [false, true]) {
        const whole = countingSource(memorySource(bytes));
        expect(await run(pipe ? forwardSource(whole) : whole, slabSize)).toBeUndefined();
        expect(whole.closed).toBe(1);
        expect(whole.reads.length).toBeGreaterThan(1);
        for (let n = 0; n < whole.reads.length; n += 1) {
          const cause = errors[n % errors.length];
          const source = faultySource(memorySource(bytes), n, cause);
          const error = await run(pipe ? forwardSource(source) : source, slabSize);
          expect(error, `read ${n}`).toBeInstanceOf(MigrationStreamError);
          expect((error as MigrationStreamError).code).toBe('io');
          expect((error as MigrationStreamError).cause).toBe(cause);
          expect(source.closed).toBe(1);
        }
      }
    }
  });

  test('with an error of our own, which stays as it is', async () => {
    const own = new MigrationStreamError({ code: 'not-seekable', message: 'no way back' });
    expect(await run(faultySource(memorySource(new Uint8Array(9)), 0, own), 100)).toBe(own);
  });

  test('while the consumer is done with it', async () => {
    const source = faultySource(memorySource(new Uint8Array(1 << 20)), 3);
    const stream = await openStream(source, { slabSize: 100 });
    await expect(stream.events().next()).rejects.toMatchObject({ code: 'not-a-stream' });
    await stream.close();
    expect(source.closed).toBe(1);
  });
});

/** Bytes that were read, each as often as it was. */
const volume = (source: Counting): number => source.reads.reduce((sum, { got }) => sum + got, 0);

/** 4 KiB pages of one block, sent once. */
async function denseStream(pages: number): Promise<Uint8Array> {
  const model: ModelItem[] = [
    { kind: 'header' },
    { kind: 'configuration', configuration: { machine: 'pc', subsections: [] } },
    { kind: 'section-open', type: 'start', section: ram },
    {
      kind: 'ram-blocks',
      total: pages * 4096,
      flags: 4,
      layout: 'plain',
      pageSize: 4096,
      blocks: [{ idstr: 'pc.ram', usedLength: pages * 4096 }],
      continues: false,
    },
    eos,
    close,
    { kind: 'section-open', type: 'end', section: { ...ram, idstr: '' } },
    ...Array.from({ length: pages }, (_, i): ModelItem => ({
      kind: 'page',
      page: { kind: 'page', block: 0, addr: i * 4096, named: i === 0, body: new Uint8Array(4096).fill(i) },
    })),
    eos,
    close,
    { kind: 'section-open', type: 'full', section: { sectionId: 3, idstr: 'dev', instanceId: 0, versionId: 1 } },
    { kind: 'payload', bytes: new Uint8Array(300_000) },
    close,
    { kind: 'eof' },
  ];
  return (await writeModel(model, 4096)).bytes;
}

describe('how much is read', () => {
  test('each byte once, and the tail once more', async () => {
    const bytes = await denseStream(1500);
    for (const bodies of ['all', 'none'] as const) {
      for (const slabSize of [4096, undefined]) {
        const source = countingSource(memorySource(bytes));
        const stream = await openStream(source, { bodies, ...(slabSize === undefined ? {} : { slabSize }) });
        const probe = source.reads.length;
        for await (const _ of stream.events());
        await stream.close();
        expect(volume(source)).toBeLessThanOrEqual(bytes.length + 256 * 1024);
        const after = source.reads.slice(probe);
        after.reduce((at, read) => {
          expect(read.at).toBe(at);
          return read.at + read.got;
        }, 0);
      }
    }
  });

  test('a pipe: each byte once', async () => {
    const bytes = await denseStream(1500);
    const source = countingSource(memorySource(bytes));
    const stream = await openStream(forwardSource(source));
    for await (const _ of stream.events());
    expect(volume(source)).toBe(bytes.length);
  });

  test('a look at the header of a large file is short', async () => {
    const source = countingSource(syntheticSource(2 ** 34, (into) => into.fill(0)));
    const stream = await openStream(source);
    await expect(stream.events().next()).rejects.toMatchObject({ code: 'not-a-stream' });
    expect(volume(source)).toBeLessThan(512 * 1024);
  });

  test('1 GiB of mapped-ram without bodies: less than 1 MiB', async () => {
    for (const configured of [true, false]) {
      const source = countingSource(bigMapped(2 ** 30, configured));
      const stream = await openStream(source, { bodies: 'none' });
      let areas = 0;
      let end = 0;
      for await (const event of stream.events()) {
        if (event.kind === 'mapped-area') areas += event.span.end - event.span.start;
        end = Math.max(end, event.span.end);
      }
      await stream.close();
      expect(areas).toBeGreaterThan(2 ** 30);
      expect(end).toBe(source.size);
      // Without a configuration section the layout must be told from pages: then it is the look ahead, and no more.
      expect(volume(source), configured ? 'configured' : 'no configuration').toBeLessThan(
        configured ? 1 << 20 : 3 << 20,
      );
    }
  });
});
