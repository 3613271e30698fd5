// Property 2: random stream model -> writer -> reader -> the same model, in every dialect; and the events that were
// read, written again, give the same bytes. The layout that is reported is the model's, or the reader says that it
// does not know.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { forwardSource, memorySink, memorySource } from '../../src/bytes/source.js';
import { createWriter } from '../../src/open/create-writer.js';
import { openStream, type OpenOptions } from '../../src/open/open-stream.js';
import { streamModel } from '../support/arbitraries/stream-model.js';
import { difference, readItems } from '../support/items.js';
import { cases } from '../support/seed.js';
import { writeModel } from '../support/write-model.js';

test('model -> bytes -> model, from memory and from a pipe', async () => {
  await fc.assert(
    fc.asyncProperty(streamModel, fc.constantFrom(13, 777, undefined), async (model, slabSize) => {
      const { bytes, items } = await writeModel(model.items, model.pageSize);
      const options: OpenOptions = { ...model.options, poison: true, ...(slabSize === undefined ? {} : { slabSize }) };
      for (const source of [memorySource(bytes), ...(model.pipe ? [forwardSource(memorySource(bytes))] : [])]) {
        const reading = await readItems(source, options);
        expect(reading.failure, source.seekable ? 'memory' : 'pipe').toBeUndefined();
        expect(difference(reading.items, items)).toBeUndefined();
        expect(reading.end).toBe(bytes.length);
      }
    }),
    cases(600),
  );
}, 120_000);

test('identity: events written again are the same bytes', async () => {
  await fc.assert(
    fc.asyncProperty(streamModel, fc.constantFrom(13, 777, undefined), async (model, slabSize) => {
      const { bytes } = await writeModel(model.items, model.pageSize);
      const sink = memorySink();
      const writer = createWriter(sink);
      const stream = await openStream(bytes, {
        ...model.options,
        poison: true,
        ...(slabSize === undefined ? {} : { slabSize }),
      });
      for await (const event of stream.events()) await writer.write(event);
      await writer.finish();
      expect(Buffer.compare(sink.bytes(), bytes)).toBe(0);
    }),
    cases(300),
  );
});
