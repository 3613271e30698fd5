// Property 10: streams of many GiB, computed on demand, walk in bounded memory, as events and through `inspect`.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { childScript, type Child } from '../support/child.js';

interface Walk {
  readonly pages: number;
  readonly end: number;
  readonly seconds: number;
}

/** Node itself takes 45 MB; five slabs, a batch of runs, and what the collector has not yet come to. */
const LIMIT = 100e6;

describe('16 GiB', () => {
  let child: Child<Walk>;
  beforeAll(async () => void (child = await childScript('walk')));
  afterAll(() => child.close());

  test.each([
    ['dense', 'events', 16],
    ['dense', 'inspect', 16],
    ['dense-pipe', 'events', 4],
    ['zero-heavy', 'inspect', 1],
    ['mapped', 'skip', 16],
  ])('%s, %s', async (name, how, gib) => {
    const { pages, end, rss } = await child.run(name, how);
    expect(end).toBeGreaterThan(gib * 2 ** 30 - 5000);
    if (name !== 'mapped') expect(pages).toBeGreaterThan((gib * 2 ** 30) / 4105 - 1);
    expect(rss).toBeLessThan(LIMIT);
  });
});
