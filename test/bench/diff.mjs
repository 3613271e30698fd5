// What comparing two saves costs: `mstream diff` against `cmp` of the two files, on a RAM disk where there is one, and
// its memory for guests of 16 GiB. Part of `npm run bench`.
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeDense, writeIdle } from './inputs.mjs';
import { most, run } from './measure.mjs';

const mstream = new URL('../../bin/mstream.js', import.meta.url).pathname;
/** 16 GiB of 4 KiB pages. */
const LARGE = 4_194_304;

export async function measureDiff({ compare, peak }, folder) {
  const ram = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : folder, 'mstream-bench-'));
  const [a, b] = ['a', 'b'].map((name) => join(ram, name));
  try {
    writeDense(a);
    copyFileSync(a, b);
    const same = [mstream, 'diff', '--quiet', a, b];
    await compare(
      'dense: mstream diff / cmp',
      most(1.5),
      () => run(process.execPath, ...same),
      () => run('cmp', a, b),
    );
    peak('memory: mstream diff dense', most(300), ...same);
    writeIdle(a, LARGE);
    copyFileSync(a, b);
    peak('memory: mstream diff of 16 GiB guests', most(300), mstream, 'diff', '--quiet', a, b);
    peak('memory: mstream stat of a 16 GiB guest', most(300), mstream, 'stat', a);
  } finally {
    rmSync(ram, { recursive: true });
  }
}
