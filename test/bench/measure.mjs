// How the benchmarks measure: alternating pairs whose ratios' median counts, the largest resident set of a whole command,
// and how busy others keep the machine. What was measured is printed at once, kept in `results`, and held against its bar.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';

export const PAIRS = 9;

export const most = (limit) => ({ text: `at most ${limit}`, met: (value) => value <= limit });
export const least = (limit) => ({ text: `at least ${limit}`, met: (value) => value >= limit });
export const none = { text: 'for comparison', met: () => true };

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const rounded = (value, digits) => Number(value.toFixed(digits));

async function timed(work) {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

export function run(file, ...args) {
  const { status, stderr } = spawnSync(file, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  if (status !== 0) throw new Error(`${file} ${args.join(' ')}: ${stderr}`);
}

/** What a user would do instead of writing: a whole copy, on the disk. */
export function copyAndSync(from, to) {
  run('sh', '-c', 'cp --reflink=never "$0" "$1" && sync "$1"', from, to);
}

/** Cores that other processes keep busy, over a second in which this one sleeps. */
export async function foreignLoad() {
  const busy = () => cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
  const from = busy();
  const took = await timed(() => new Promise((done) => setTimeout(done, 1000)));
  return rounded((busy() - from) / took, 2);
}

/** Measurements whose inputs stand in `folder`. */
export function measuring(folder) {
  const results = {};

  /** Prints and keeps one measurement. The bar is held against the value as measured, not as rounded. */
  function record(name, shown, value, bar, kept) {
    const met = bar.met(value);
    results[name] = { ...kept, bar: bar.text, met };
    console.log(`${name.padEnd(58)} ${shown}  (${bar.text}${met ? '' : ': MISSED'})`);
  }

  /** Alternating pairs after one warm-up of each; the ratio is the median of the pairs' own. */
  async function compare(name, bar, ours, theirs, ratioOf = (a, b) => a / b) {
    const mine = [];
    const other = [];
    for (let i = 0; i <= PAIRS; i += 1) {
      const a = await timed(ours);
      const b = await timed(theirs);
      if (i === 0) continue;
      mine.push(a);
      other.push(b);
    }
    const ratio = median(mine.map((took, i) => ratioOf(took, other[i])));
    const [took, against] = [median(mine), median(other)];
    const range = `${Math.min(...mine).toFixed(0)} and ${Math.min(...other).toFixed(0)} at least`;
    record(
      name,
      `${took.toFixed(1).padStart(8)} ms  against ${against.toFixed(1).padStart(8)} ms  ${ratio.toFixed(2)}; ${range}`,
      ratio,
      bar,
      {
        ours: rounded(took, 1),
        theirs: rounded(against, 1),
        ratio: rounded(ratio, 2),
        least: { ours: rounded(Math.min(...mine), 1), theirs: rounded(Math.min(...other), 1) },
      },
    );
    return took;
  }

  const script = join(folder, 'peak.cjs');
  writeFileSync(script, "process.on('exit', () => process.stderr.write(`peak ${process.resourceUsage().maxRSS}\\n`));");

  /**
   * Largest resident set of a whole command, in MB. A shell stands between: a process begins with the record of the one
   * that it was forked from, and ours is large by now.
   */
  function peak(name, bar, ...args) {
    const { status, stderr } = spawnSync(
      'sh',
      ['-c', '"$0" "$@" >/dev/null; exit $?', process.execPath, '--require', script, ...args],
      { encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
    const megabytes = Math.round(Number(/peak (\d+)/.exec(stderr)?.[1]) / 1024);
    record(name, `${String(megabytes).padStart(8)} MB`, megabytes, bar, { megabytes });
  }

  return { results, record, compare, peak };
}
