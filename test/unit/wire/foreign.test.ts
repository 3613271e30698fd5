// Fixed headers of foreign formats: the checked-in parsers are those that binary-parser makes from the field lists, and
// the encoder of each list writes what the decoder read.

import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Window } from '../../../src/bytes/window.js';
import { encodeBytes } from '../../../src/wire/kit/codec.js';
import { parsers } from '../../../src/wire/kit/foreign-parsers.js';
import { headers, parserOf, parsersFile } from '../../support/parsers/generate.js';

test('foreign-parsers.ts is up to date (npm run parsers)', async () => {
  const file = new URL('../../../src/wire/kit/foreign-parsers.ts', import.meta.url);
  expect(await parsersFile()).toBe(readFileSync(file, 'utf8'));
  expect(headers.map(({ parser }) => parser)).toEqual(Object.keys(parsers));
});

test.each(headers.map((header) => [header.parser, header] as const))(
  '%s: any bytes, both directions',
  (_name, header) => {
    const bytes = fc.uint8Array({ minLength: header.maxSize, maxLength: header.maxSize });
    fc.assert(
      fc.property(bytes, fc.boolean(), (given, small) => {
        // Numbers of bytes must stay below 2^53: clear the upper bytes in half of the runs.
        if (small) given.fill(0, 0, header.maxSize - 1);
        expect(parsers[header.parser as keyof typeof parsers](given)).toEqual(parserOf(header).parse(given));
        let value;
        try {
          value = header.decode(Window.over(given));
        } catch (error) {
          expect(error).toMatchObject({ code: 'address-too-large' });
          return;
        }
        expect(encodeBytes(header, value)).toEqual(given);
      }),
      { numRuns: 50 },
    );
    for (let length = 0; length < header.maxSize; length += 1)
      expect(() => header.decode(Window.over(new Uint8Array(length)))).toThrow(
        expect.objectContaining({ code: 'truncated' }) as Error,
      );
  },
);

test.each([
  ['magic', 'LibvirtQemudSav\u0100'],
  ['version', -1],
  ['version', 2 ** 32],
  ['version', 1.5],
  ['unused', new Uint8Array(55)],
])('refuses to encode the %s %j', (key, value) => {
  const [header] = headers;
  const good = header!.decode(Window.over(new Uint8Array(header!.maxSize)));
  expect(() => encodeBytes(header!, { ...good, [key]: value })).toThrow(`libvirt header: "${key}" does not fit`);
});
