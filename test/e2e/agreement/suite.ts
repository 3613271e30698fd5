// Which cases are run: in the campaign each row on all releases, in `npm test` each row on one of them in turn, so that
// the suite takes minutes. Imports its own folder.

import { casesOf, rows, type AgreementCase, type Library } from './cases.js';
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

/** The named cases of `npm test`: captures as they are everywhere, the others on one release each. */
export async function someNamedCases(library: Library): Promise<AgreementCase[]> {
  const cases: AgreementCase[] = [];
  for (const [index, row] of rows.entries()) {
    const mine = await casesOf(row, library);
    const on = releases.filter((release) => mine.some((one) => one.release === release));
    const turn = on[index % on.length];
    cases.push(...mine.filter(({ release }) => row.rule === 'unmodified' || release === turn));
  }
  return cases;
}
