// Properties 4 and 5: every prefix of a small stream is `truncated` at its own length or parses; every change of one
// byte parses or is one typed error. Neither hangs, reads more often than it must, nor throws anything else. (A cut
// stream is what makes the official script spin.)
import { expect, test } from 'vitest';
import { memorySource, forwardSource } from '../../src/bytes/source.js';
import { errorCodes } from '../../src/base/errors.js';
import { readItems } from '../support/items.js';
import { smallStreams } from '../support/small-streams.js';
import { countingSource } from '../support/sources.js';

const factor = Number(process.env['MSTREAM_RUNS'] ?? 1);

test('every prefix', async () => {
  const streams = await smallStreams(18 * factor, 1600, (model) => model.tame);
  expect(streams.length).toBeGreaterThan(12);
  let prefixes = 0;
  for (const { bytes, model, items, ends, name } of streams) {
    const eof = ends[items.findLastIndex((item) => item.kind === 'eof')]!;
    // What the tail says, a prefix does not.
    const options = { targetPageSize: model.pageSize };
    for (let length = 0; length < bytes.length; length += 1) {
      for (const pipe of length % 7 === 0 ? [false, true] : [false]) {
        const source = countingSource(memorySource(bytes.slice(0, length)));
        const { failure, end } = await readItems(pipe ? forwardSource(source) : source, options);
        const where = `${name}, first ${length}${pipe ? ', pipe' : ''}: ${failure?.message}`;
        if (length >= eof && (failure === undefined || length > eof)) {
          // From the EOF byte on the rest is optional, but a vmdescription that begins must be whole.
          if (failure === undefined) expect(end, where).toBe(length);
          else expect([failure.code, failure.offset], where).toEqual(['truncated', length]);
        } else expect([failure?.code, failure?.offset], where).toEqual(['truncated', length]);
        expect(source.reads.length, where).toBeLessThan(8);
        prefixes += 1;
      }
    }
  }
  expect(prefixes).toBeGreaterThan(6000 * factor);
});

test('every prefix of what only its own end describes: typed, and no further than its end', async () => {
  for (const { bytes, model, name } of await smallStreams(10, 2000, (one) => !one.tame)) {
    for (let length = 0; length < bytes.length; length += 1) {
      const { failure, end } = await readItems(bytes.slice(0, length), { targetPageSize: model.pageSize });
      expect(end, name).toBeLessThanOrEqual(length);
      if (failure !== undefined)
        expect(failure.offset, `${name}, ${length}: ${failure.message}`).toBeLessThanOrEqual(length);
    }
  }
});

test('every change of one byte', async () => {
  const codes = new Map<string, number>();
  for (const { bytes, model, name } of await smallStreams(10 * factor, 1200)) {
    for (let at = 0; at < bytes.length; at += 1) {
      const was = bytes[at]!;
      // Two of five in turn; a campaign takes all.
      const values = [was ^ 0x01, 0xff, was ^ 0x80, 0x7e, 0x00];
      for (const value of factor > 1 ? values : [values[at % 5]!, values[(at + 2) % 5]!]) {
        if (value === was) continue;
        bytes[at] = value;
        const source = countingSource(memorySource(bytes));
        // Throws on anything untyped, and on spans that do not tile.
        const { failure, events, end } = await readItems(source, model.options);
        const where = `${name}: byte ${at} is ${value}`;
        // An event has a byte at least, but for those that inform and for empty payloads with their frame.
        expect(events, where).toBeLessThanOrEqual(3 * bytes.length + 20);
        expect(source.reads.length, where).toBeLessThan(8);
        if (failure === undefined) expect(end, where).toBe(bytes.length);
        else {
          expect(errorCodes, where).toContain(failure.code);
          expect(failure.offset, where).toBeLessThanOrEqual(bytes.length);
        }
        codes.set(failure?.code ?? 'none', (codes.get(failure?.code ?? 'none') ?? 0) + 1);
      }
      bytes[at] = was;
    }
  }
  // The changes reach into every corner of the grammar.
  expect(codes.size, JSON.stringify([...codes])).toBeGreaterThan(14);
});
