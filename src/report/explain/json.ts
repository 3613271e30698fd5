// The JSON document of `mstream explain --json`: docs/schema/explain.json.

import type { Explanation } from '../../ops/explain/explain.js';
import { cureText } from '../hints.js';

export function explanationsDocument(explanations: readonly Explanation[], mstream: string): object {
  const inWords = explanations.map(({ cures, bugs, ...rest }) => ({
    ...rest,
    cures: cures.map(cureText),
    bugs: bugs.map((bug) => ({ ...bug, cure: cureText(bug.cure) })),
  }));
  return { schemaVersion: 1, kind: 'explanations', mstream, explanations: inWords };
}
