// Explains why QEMU refused a clone: the explanation of `mstream explain` for QEMU's words, and facts that only the
// manifest has.

import { cureText, hintText } from '../report/hints.js';
import { explain } from '../ops/explain/explain.js';
import type { Manifest } from './manifest.js';

/** One line; undefined when nothing is known beyond QEMU's words. */
export function explainFailure(words: string, manifest: Manifest): string | undefined {
  // A line that no table knows is QEMU's own words, which are shown anyway.
  const all = explain(words).filter(({ id }) => id !== 'not-known');
  const found = all.find(({ effect }) => effect === 'fatal') ?? all[0];
  if (found === undefined) return undefined;
  // A block list that is read with the wrong layout ends in a block with an empty name.
  if (manifest.dialect === 'ignore-shared-4.0' && /^Unknown ramblock "(.|\\x..)?"/.test(found.text)) {
    return (
      'The state is of QEMU 4.0, whose block list has a byte more for each block; 4.1 and later cannot read it. ' +
      hintText({ code: 'convert-dialect' })
    );
  }
  return found.cures.length === 0
    ? found.meaning
    : `${found.meaning} What helps: ${found.cures.map(cureText).join('; ')}.`;
}
