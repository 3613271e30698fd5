// The bars, and the disagreements that are allowed: each one is listed with its reason, and none may be listed that is
// none. Imports its own folder.

import { disagreements, type Disagreement } from './disagreements.js';
import type { Result } from './measure.js';
import { hasText, sameText, sameVerdict, share } from './score.js';

/** Percent. The random ones count as they are, whatever is listed. */
export const bars = { namedVerdicts: 100, randomVerdicts: 99.5, texts: 99.5 } as const;

/** Percent of the random cases that QEMU does not load. */
export const rejectedShare = { least: 40, most: 60 } as const;

const parts = (result: Result): 'verdict' | 'text' | undefined =>
  sameVerdict(result) ? (hasText(result) && !sameText(result) ? 'text' : undefined) : 'verdict';

const reaches = (part: number, whole: number, bar: number): boolean => 100 * part >= bar * whole;

/** What is wrong, one sentence each; nothing when all is well. */
export function judge(results: readonly Result[], listed: readonly Disagreement[] = disagreements): string[] {
  const wrong: string[] = [];
  const named = results.filter(({ rule }) => rule !== 'random');
  const random = results.filter(({ rule }) => rule === 'random');
  const lists = new Map(
    listed.flatMap(({ cases, what, byChance }) => cases.map((name) => [name, { what, byChance }] as const)),
  );
  for (const result of results) {
    const known = lists.get(result.name);
    const found = parts(result);
    if (found === known?.what || (found === undefined && known?.byChance === true)) continue;
    // Random cases change with our decoders, which name their fields: they are held to a share, and listed where they
    // last.
    if (known === undefined && result.rule === 'random') continue;
    if (known === undefined)
      wrong.push(
        `${result.name}: ${found === 'verdict' ? `predicted ${result.predicted.verdict}, QEMU ${result.real.verdict}` : 'other words than QEMU’s'}, and it is not listed`,
      );
    else if (found === undefined)
      wrong.push(
        `${result.name}: listed as a disagreement about the ${known.what}, but there is none: take it off the list`,
      );
    else
      wrong.push(`${result.name}: listed as a disagreement about the ${known.what}, but it is one about the ${found}`);
  }
  const unlisted = named.filter((result) => sameVerdict(result) || lists.get(result.name)?.what === 'verdict');
  if (!reaches(unlisted.length, named.length, bars.namedVerdicts))
    wrong.push(
      `${share(unlisted.length, named.length)} of the named verdicts agree or are listed; the bar is ${bars.namedVerdicts} %`,
    );
  const agreeing = random.filter(sameVerdict);
  if (!reaches(agreeing.length, random.length, bars.randomVerdicts))
    wrong.push(
      `${share(agreeing.length, random.length)} of the random verdicts agree; the bar is ${bars.randomVerdicts} %`,
    );
  const rejections = results.filter(hasText);
  const equal = rejections.filter(sameText);
  if (!reaches(equal.length, rejections.length, bars.texts))
    wrong.push(`${share(equal.length, rejections.length)} of the texts are equal; the bar is ${bars.texts} %`);
  const refused = random.filter(({ real }) => real.verdict !== 'loads');
  if (
    !reaches(refused.length, random.length, rejectedShare.least) ||
    !reaches(random.length - refused.length, random.length, 100 - rejectedShare.most)
  ) {
    wrong.push(
      `QEMU refuses ${share(refused.length, random.length)} of the random cases, not ${rejectedShare.least} to ${rejectedShare.most} %`,
    );
  }
  return wrong;
}
