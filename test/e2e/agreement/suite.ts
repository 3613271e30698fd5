// Which cases are run: all of them in the campaign, in `npm test` each row on two of the four releases in turn, so that the
// suite takes minutes. Imports its own folder.

import { casesOf, rows, type AgreementCase, type Library } from './cases.js';
import { randomCases } from './random.js';
import { releases } from './row.js';

/** Of `npm test`. The day on which 4.1 parted from 4.0. */
export const SEED = 20_190_715;
export const RANDOM_CASES = 200;

/** Every named case. */
export async function allNamedCases(library: Library): Promise<AgreementCase[]> {
  const cases: AgreementCase[] = [];
  for (const row of rows) cases.push(...(await casesOf(row, library)));
  return cases;
}

/** The named cases of `npm test`. What a row with one release shows is always there, and so are captures as they are. */
export async function someNamedCases(library: Library): Promise<AgreementCase[]> {
  const cases: AgreementCase[] = [];
  for (const [index, row] of rows.entries()) {
    const mine = await casesOf(row, library);
    const everywhere = row.rule === 'unmodified' || new Set(mine.map(({ release }) => release)).size < 3;
    cases.push(...(everywhere ? mine : mine.filter(({ release }) => releases.indexOf(release) % 2 === index % 2)));
  }
  return cases;
}

export { randomCases };
