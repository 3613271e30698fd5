// The predictor against real QEMUs: named cases of every rule, random ones, captures as they are. Fails when it agrees
// less than the bars say, or otherwise than is listed; prints the table. QEMU's side is asked anew each time, nothing
// of it is stored.

import { beforeAll, describe, expect, it } from 'vitest';
import { openStream } from '../../src/open/open-stream.js';
import { verifyStream } from '../../src/ops/verify/verify.js';
import { openLab, qemuSkipReason } from '../../src/qemu/lab.js';
import { Library, rows, type AgreementCase } from './agreement/cases.js';
import { disagreements } from './agreement/disagreements.js';
import { judge } from './agreement/judge.js';
import { measure, type Result } from './agreement/measure.js';
import { rules } from './agreement/row.js';
import { disagreementsOf, scoreOf, summaryOf, tableOf } from './agreement/score.js';
import { randomCases } from './agreement/random.js';
import { allNamedCases, RANDOM_CASES, SEED, someNamedCases } from './agreement/suite.js';
import { linesOf } from './agreement/trial.js';

const reason = qemuSkipReason();
if (reason !== undefined) it.skip(`agreement with real QEMUs: ${reason}`, () => undefined);

const MINUTES = 60_000;

describe.skipIf(reason !== undefined)('agreement with QEMU', () => {
  let library: Library;
  let named: AgreementCase[] = [];
  let results: readonly Result[] = [];

  beforeAll(async () => {
    library = new Library(await openLab({ progress: (line) => process.stderr.write(`${line}\n`) }));
    named = await someNamedCases(library);
    const random = await randomCases(library, SEED, RANDOM_CASES);
    const started = performance.now();
    const measured = await measure([...named, ...random], library);
    results = measured.results;
    const seconds = Math.round((performance.now() - started) / 1000);
    const note = `verdicts that agree of all cases, texts that are equal of all rejections; ${measured.profiles.count} destinations, ${seconds} s`;
    process.stderr.write(`\n${tableOf(results)}\n${note}\n\n${summaryOf(results)}\n\n`);
    const parted = disagreementsOf(results);
    if (parted !== '') process.stderr.write(`${parted}\n\n`);
  }, 40 * MINUTES);

  it('is as good as the bars, and parts only where that is listed', () => {
    expect(judge(results)).toEqual([]);
  });

  it('has enough cases, and both sides of every rule', () => {
    expect(named.length).toBeGreaterThanOrEqual(300);
    const oneSided = Object.keys(rules).filter((rule) => {
      const { loads, rejected } = scoreOf(results.filter((one) => one.rule === rule));
      return loads === 0 || rejected === 0;
    });
    expect(oneSided).toEqual([]);
  });

  it('raises no alarm about captures as they are', async () => {
    const pristine = new Set(named.filter((one) => one.pristine).map(({ name }) => name));
    const mine = results.filter(({ name }) => pristine.has(name));
    expect(mine.length).toBeGreaterThan(60);
    expect(
      mine
        .filter(({ predicted, real }) => predicted.verdict !== 'loads' || real.verdict !== 'loads')
        .map(({ name }) => name),
    ).toEqual([]);
    for (const { name, stream } of named.filter((one) => one.pristine)) {
      const opened = await openStream(stream);
      const { findings } = await verifyStream(opened);
      await opened.close();
      expect({ name, errors: findings.filter(({ severity }) => severity === 'error') }).toEqual({ name, errors: [] });
    }
  });

  it('notices a predictor that always says the same, or nearly the right words', () => {
    const with_ = (change: (one: Result) => Result['predicted']): string[] =>
      judge(results.map((one) => ({ ...one, predicted: change(one) })));
    const says = expect.arrayContaining([
      expect.stringContaining('of the named verdicts'),
      expect.stringContaining('of the random verdicts'),
    ]);
    expect(with_(() => ({ verdict: 'loads', messages: [] }))).toEqual(says);
    expect(with_(() => ({ verdict: 'rejected', messages: ['load of migration failed: Invalid argument'] }))).toEqual(
      says,
    );
    expect(with_(({ real }) => ({ verdict: real.verdict, messages: real.lines.map((line) => `${line}.`) }))).toEqual(
      expect.arrayContaining([expect.stringContaining('of the texts are equal')]),
    );
  });

  it('lists disagreements of cases that exist', async () => {
    const names = new Set((await allNamedCases(library)).map(({ name }) => name));
    const listed = disagreements.flatMap(({ cases }) => cases).filter((name) => !/^[0-9.]+ random /.test(name));
    expect(listed.filter((name) => !names.has(name))).toEqual([]);
    expect(new Set(rows.map(({ rule, name, from }) => `${rule}: ${name} ${from?.join() ?? ''}`)).size).toBe(
      rows.length,
    );
  });
});

describe('words of QEMU', () => {
  it('are compared without program name and warnings', () => {
    const words =
      'qemu-system-x86_64: warning: TCG does not support it\nqemu-system-x86_64: Unknown ramblock "x"\nload of migration failed: Invalid argument\n\n';
    expect(linesOf(words)).toEqual(['Unknown ramblock "x"', 'load of migration failed: Invalid argument']);
  });
});
