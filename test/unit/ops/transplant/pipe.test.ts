// A transplant into a pipe: what went into it cannot be taken back.
import { expect, test } from 'vitest';
import { memorySource } from '../../../../src/bytes/source.js';
import { readDonor } from '../../../../src/ops/transplant/donor.js';
import { transplant } from '../../../../src/ops/transplant/transplant.js';
import { look } from '../../../support/edits.js';
import { fixtureBytes } from '../../../support/fixtures.js';

test('a pipe gets no byte of the devices when the result is refused: what it got loads nowhere', async () => {
  const source = fixtureBytes('7.2.22-plain');
  const written: Uint8Array[] = [];
  const pipe = {
    label: 'pipe',
    write: async (bytes: Uint8Array) => void written.push(bytes.slice()),
    skip: async (length: number) => void written.push(new Uint8Array(length)),
    commit: async () => {},
    abort: async () => {},
  };
  const cpu = { grade: 'impossible', source: undefined, destination: undefined, why: 'another processor' } as const;
  const { written: done } = await transplant(memorySource(source), pipe, await readDonor(memorySource(source)), {
    cpu,
  });
  expect(done).toBe(false);
  const seen = await look(Buffer.concat(written));
  expect([seen.complete, seen.error?.code]).toEqual([false, 'truncated']);
  expect(seen.map.map(({ kind }) => kind)).not.toContain('full');
  expect(seen.map.at(-1)?.section?.idstr).toBe('ram');
});
