// verify and hostile input: it never throws, a stream that is cut is never called sound, and any change of a byte gives
// findings or none, but no other end.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { forwardSource, memorySource } from '../../src/bytes/source.js';
import { explain } from '../../src/ops/explain/explain.js';
import { messageIds, loadMessages } from '../../src/release/messages/index.js';
import { look } from '../support/edits.js';
import { fixtureBytes } from '../support/fixtures.js';
import { verify } from '../support/verify.js';

const seed = { seed: Number(process.env['MSTREAM_SEED'] ?? 4), numRuns: 60 * Number(process.env['MSTREAM_RUNS'] ?? 1) };
const names = ['4.0.0-ignore-shared', '7.2.22-uuid', '11.1.3-live', '5.2.0-postcopy', '7.2.22-no-vmdesc'];

describe('verify', () => {
  test('a stream that is cut is not sound', async () => {
    const streams = await Promise.all(
      names.map(async (name) => {
        const bytes = fixtureBytes(name);
        return { bytes, eof: (await look(bytes)).map.find((row) => row.kind === 'eof')!.span.end };
      }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...streams),
        fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
        fc.boolean(),
        async ({ bytes, eof }, at, pipe) => {
          const length = Math.floor(at * bytes.length);
          // A stream may end right behind its end mark: suppress-vmdesc=on.
          fc.pre(length !== eof);
          const source = memorySource(bytes.slice(0, length));
          const { verdict } = await verify(pipe ? forwardSource(source) : source);
          expect(verdict).not.toBe('sound');
        },
      ),
      seed,
    );
  });

  test('any change gives a verdict', async () => {
    const bytes = fixtureBytes('4.0.0-ignore-shared');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        async (changes) => {
          const copy = Uint8Array.from(bytes);
          for (const [at, value] of changes) copy[at] = value;
          const { verdict, findings } = await verify(copy);
          expect(['sound', 'broken', 'unjudged']).toContain(verdict);
          for (const { text } of findings) expect(text).toMatch(/^[\x20-\x7e…]*$/);
        },
      ),
      seed,
    );
  });
});

describe('explain', () => {
  test('any text is explained or not', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300, unit: 'binary' }), (text) => void explain(text)),
      seed,
    );
  });

  test('pieces of messages, put together in any way', () => {
    const pieces = messageIds.flatMap((id) => loadMessages[id].texts.flatMap(({ text }) => text.split(/\{[^}]*\}/)));
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 10 }), fc.nat().map(String)), {
          maxLength: 30,
        }),
        (parts) => {
          for (const one of explain(parts.join(''))) expect(one.meaning).not.toBe('');
        },
      ),
      seed,
    );
  });
});
