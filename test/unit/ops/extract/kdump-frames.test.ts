// The page frames of a kdump file: joined where they touch, rounded outwards, and never more than its header counts.
import { expect, test } from 'vitest';
import { frames } from '../../../../src/ops/extract/kdump/pages.js';

const range = (start: number, end: number) => ({ start, end, block: 0, offset: 0 });

test('neighbours are joined, and parts of a page count', () => {
  expect(frames([range(0, 4096), range(4096, 5000), range(12_288, 16_384)], 4096)).toEqual([
    { start: 0, end: 2 },
    { start: 3, end: 4 },
  ]);
});

test('a block list that claims 2^50 bytes is an error', () => {
  expect(() => frames([range(0, 2 ** 50)], 4096)).toThrow(
    expect.objectContaining({ code: 'limit-exceeded', message: expect.stringContaining('274877906944') as unknown }),
  );
  expect(frames([range(0, 2 ** 43)], 4096)).toEqual([{ start: 0, end: 2 ** 31 }]);
});
