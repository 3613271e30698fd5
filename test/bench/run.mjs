// `npm run bench`: how fast compiled mstream is, as ratios against what a user would otherwise use, in one run with
// alternating pairs: cat, cp and sync, a bare DataView loop, a bare node. Prints medians; keeps them in results/.
// Takes about two minutes and 3 GB of the temporary folder.
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, mkdirSync, openSync, readSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect, openFile, openFileSink, openStream, rewrite } from '../../dist/index.js';
import { writeDense, writeIdle } from './inputs.mjs';

const PAIRS = 9;
const mstream = new URL('../../bin/mstream.js', import.meta.url).pathname;
const example = new URL('../../fixtures/example/state', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'mstream-bench-'));
const results = {};

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const timed = async (work) => {
  const started = performance.now();
  await work();
  return performance.now() - started;
};
const run = (file, ...args) => {
  const { status, stderr } = spawnSync(file, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  if (status !== 0) throw new Error(`${file} ${args.join(' ')}: ${stderr}`);
};

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
  results[name] = { ours: Math.round(median(mine) * 10) / 10, theirs: Math.round(median(other) * 10) / 10, ratio: Math.round(ratio * 100) / 100, bar };
  console.log(`${name.padEnd(58)} ${median(mine).toFixed(1).padStart(8)} ms  against ${median(other).toFixed(1).padStart(8)} ms  ${ratio.toFixed(2)}  (${bar})`);
}

async function walk(path) {
  const stream = await openStream(await openFile(path), { bodies: false });
  for await (const event of stream.events()) void event;
  await stream.close();
}

async function table(path) {
  const stream = await openStream(await openFile(path), { bodies: false });
  const { error } = await inspect(stream);
  await stream.close();
  if (error !== undefined) throw error;
}

/** What the zero-heavy walk is held against: the same bytes read and looked at, and nothing done with them. */
function bareLoop(path) {
  const file = openSync(path);
  const bytes = new Uint8Array(4 * 1024 * 1024);
  const view = new DataView(bytes.buffer);
  let sum = 0;
  let position = 96;
  for (;;) {
    const got = readSync(file, bytes, 0, bytes.length, position);
    let at = 0;
    for (; at + 9 <= got; at += 9) sum ^= view.getUint32(at) ^ view.getUint32(at + 4) ^ bytes[at + 8];
    if (got < bytes.length) break;
    position += at;
  }
  closeSync(file);
  return sum;
}

async function identity(path) {
  const out = join(folder, 'out');
  const source = await openFile(path);
  await rewrite(source, await openFileSink(out, { force: true }), []);
  await source.close();
}

/**
 * Largest resident set of a whole command, in MB. A shell stands between: a process begins with the record of the one
 * that it was forked from, and ours is large by now.
 */
function peak(name, bar, ...args) {
  const script = '"$0" "$@" >/dev/null; exit $?';
  const { stderr } = spawnSync('sh', ['-c', script, process.execPath, '--require', join(folder, 'peak.cjs'), ...args], { encoding: 'utf8' });
  const megabytes = Math.round(Number(/peak (\d+)/.exec(stderr)?.[1]) / 1024);
  results[name] = { megabytes, bar };
  console.log(`${name.padEnd(58)} ${String(megabytes).padStart(8)} MB  (${bar})`);
}

try {
  console.log(`${cpus()[0]?.model.trim()}, ${cpus().length} cores, node ${process.version}`);
  const dense = writeDense(join(folder, 'dense'));
  const idle = writeIdle(join(folder, 'idle'));
  console.log(`dense ${statSync(dense).size} bytes, idle ${statSync(idle).size} bytes; ${PAIRS} pairs, medians\n`);
  writeFileSync(join(folder, 'peak.cjs'), "process.on('exit', () => process.stderr.write(`peak ${process.resourceUsage().maxRSS}\\n`));");

  await compare('dense: walk in process / cat >/dev/null', 'at most 1.0', () => walk(dense), () => run('sh', '-c', `cat ${dense} >/dev/null`));
  await compare('dense: mstream inspect / cat >/dev/null', 'at most 1.3', () => run(process.execPath, mstream, 'inspect', dense), () => run('sh', '-c', `cat ${dense} >/dev/null`));
  await compare('idle: bare DataView loop / walk, events only', 'at least 0.7', () => walk(idle), () => bareLoop(idle), (a, b) => b / a);
  await compare('idle: bare DataView loop / walk with the block table', 'at least 0.4', () => table(idle), () => bareLoop(idle), (a, b) => b / a);
  const records = 16.777216;
  console.log(`${'idle: records a second'.padEnd(58)} ${((records / results['idle: bare DataView loop / walk, events only'].ours) * 1000).toFixed(0).padStart(8)} M  (at least 60)`);
  await compare('dense: identity rewrite with fsync / cp and sync', 'at most 1.3', () => identity(dense), () => run('sh', '-c', `cp --reflink=never ${dense} ${join(folder, 'copy')} && sync ${join(folder, 'copy')}`));
  rmSync(join(folder, 'out'));
  rmSync(join(folder, 'copy'));
  await compare('start: mstream --version / node -e 0', 'at most 2', () => run(process.execPath, mstream, '--version'), () => run(process.execPath, '-e', '0'));
  await compare('start: mstream inspect example / node -e 0', 'at most 3', () => run(process.execPath, mstream, 'inspect', example), () => run(process.execPath, '-e', '0'));
  const converted = join(folder, 'converted');
  await compare('start: mstream rewrite --to-dialect 4.1 / node -e 0', 'at most 3', () => run(process.execPath, mstream, 'rewrite', example, '-o', converted, '--force', '--to-dialect', '4.1'), () => run(process.execPath, '-e', '0'));
  peak('memory: mstream inspect dense', 'at most 80', mstream, 'inspect', dense);
  peak('memory: mstream inspect idle', 'at most 80', mstream, 'inspect', idle);
  peak('memory: mstream rewrite dense', 'at most 80', mstream, 'rewrite', dense, '-o', join(folder, 'out'), '-q');
  peak('memory: node -e 0', 'for comparison', '-e', '0');

  const into = new URL('results/', import.meta.url);
  mkdirSync(into, { recursive: true });
  const machine = { cpu: cpus()[0]?.model.trim(), cores: cpus().length, node: process.version };
  writeFileSync(new URL(`${new Date().toISOString().slice(0, 10)}.json`, into), `${JSON.stringify({ machine, pairs: PAIRS, results }, null, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
