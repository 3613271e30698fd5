// `npm run bench [-- NAME...]`: how fast compiled mstream is, as ratios against what a user would otherwise use, in one run with
// alternating pairs: cat, cp and sync, QEMU's analyze script, a bare DataView loop, a bare node. Prints medians and says
// which bars are missed; keeps them in results/. Five minutes, 5 GB of the temporary folder. The bars are meant for a
// quiet machine: reads run beside the parsing, which takes a second core, so the load is measured and kept too.
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, mkdirSync, openSync, readSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { measureContainers } from './containers.mjs';
import { measureConvert } from './convert.mjs';
import { measureDiff } from './diff.mjs';
import { inspect, openStream, rewrite } from '../../dist/index.js';
import { openFile, openFileSink } from '../../dist/node.js';
import { writeDense, writeIdle } from './inputs.mjs';
import { copyAndSync, foreignLoad, least, measuring, most, none, PAIRS, run } from './measure.mjs';
import { measureTransplant } from './transplant.mjs';

const mstream = new URL('../../bin/mstream.js', import.meta.url).pathname;
const example = new URL('../../fixtures/example/state', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'mstream-bench-'));
const { results, record, compare, peak } = measuring(folder);

async function walk(path) {
  const stream = await openStream(await openFile(path), { bodies: 'none' });
  for await (const event of stream.events()) void event;
  await stream.close();
}

async function table(path) {
  const stream = await openStream(await openFile(path), { bodies: 'none' });
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

/** QEMU's own script, where it can be had; says so where it cannot. */
function analyzeScript() {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [new URL('../run.js', import.meta.url).pathname, new URL('analyze-script.ts', import.meta.url).pathname],
    { encoding: 'utf8' },
  );
  if (status === 0) return stdout.trim();
  console.log(`no comparison with analyze-migration.py: ${stderr.trim()}`);
  return undefined;
}

/** Reading, rewriting, starting. */
async function measureCore() {
  const dense = writeDense(join(folder, 'dense'));
  const idle = writeIdle(join(folder, 'idle'));
  console.log(`dense ${statSync(dense).size} bytes, idle ${statSync(idle).size} bytes`);
  await compare(
    'dense: walk in process / cat >/dev/null',
    most(1.0),
    () => walk(dense),
    () => run('sh', '-c', `cat ${dense} >/dev/null`),
  );
  await compare(
    'dense: mstream inspect / cat >/dev/null',
    most(1.3),
    () => run(process.execPath, mstream, 'inspect', dense),
    () => run('sh', '-c', `cat ${dense} >/dev/null`),
  );
  const script = analyzeScript();
  if (script !== undefined)
    await compare(
      'dense: mstream inspect / analyze-migration.py',
      none,
      () => run(process.execPath, mstream, 'inspect', '--devices', dense),
      () => run('python3', script, '-d', 'state', '-f', dense),
    );
  for (const [name, path] of Object.entries({ dense, idle })) {
    await compare(
      `${name}: mstream verify / mstream inspect`,
      most(1.2),
      () => run(process.execPath, mstream, 'verify', path),
      () => run(process.execPath, mstream, 'inspect', path),
    );
  }
  const events = await compare(
    'idle: bare DataView loop / walk, events only',
    least(0.7),
    () => walk(idle),
    () => bareLoop(idle),
    (a, b) => b / a,
  );
  await compare(
    'idle: bare DataView loop / walk with the block table',
    least(0.4),
    () => table(idle),
    () => bareLoop(idle),
    (a, b) => b / a,
  );
  const speed = 16_777_216 / events / 1000;
  record('idle: records a second, events only', `${speed.toFixed(0).padStart(8)} M`, speed, least(60), {
    millions: Math.round(speed),
  });
  await compare(
    'dense: identity rewrite with fsync / cp and sync',
    most(1.3),
    () => identity(dense),
    () => copyAndSync(dense, join(folder, 'copy')),
  );
  rmSync(join(folder, 'out'));
  rmSync(join(folder, 'copy'));
  await compare(
    'start: mstream --version / node -e 0',
    most(2),
    () => run(process.execPath, mstream, '--version'),
    () => run(process.execPath, '-e', '0'),
  );
  await compare(
    'start: mstream inspect example / node -e 0',
    most(3),
    () => run(process.execPath, mstream, 'inspect', example),
    () => run(process.execPath, '-e', '0'),
  );
  const converted = join(folder, 'converted');
  await compare(
    'start: mstream rewrite --to-dialect 4.1 / node -e 0',
    most(3),
    () => run(process.execPath, mstream, 'rewrite', example, '-o', converted, '--force', '--to-dialect', '4.1'),
    () => run(process.execPath, '-e', '0'),
  );
  peak('memory: mstream inspect dense', most(80), mstream, 'inspect', dense);
  peak('memory: mstream inspect idle', most(80), mstream, 'inspect', idle);
  peak('memory: mstream rewrite dense', most(80), mstream, 'rewrite', dense, '-o', join(folder, 'out'), '-q');
  peak('memory: node -e 0', none, '-e', '0');
  for (const path of [dense, idle, join(folder, 'out')]) rmSync(path);
}

/** `npm run bench -- NAME...` measures these alone. */
const parts = {
  core: measureCore,
  transplant: () => measureTransplant({ compare, peak }, folder),
  diff: () => measureDiff({ compare, peak }, folder),
  containers: () => measureContainers({ compare, peak }, folder),
  convert: () => measureConvert({ compare, peak }, folder),
};

const names = process.argv.slice(2);
const unknown = names.filter((name) => !(name in parts));
if (unknown.length > 0) {
  console.error(`no benchmark ${unknown.join(', ')}: ${Object.keys(parts).join(', ')}`);
  process.exit(2);
}

try {
  const before = await foreignLoad();
  console.log(`${cpus()[0]?.model.trim()}, ${cpus().length} cores, node ${process.version}`);
  console.log(`${PAIRS} pairs, medians; others keep ${before.toFixed(2)} cores busy\n`);
  for (const [name, measure] of Object.entries(parts)) if (names.length === 0 || names.includes(name)) await measure();

  const into = new URL('results/', import.meta.url);
  mkdirSync(into, { recursive: true });
  // No host name and no path: a machine is known by its processor.
  const machine = { cpu: cpus()[0]?.model.trim() ?? 'unknown', cores: cpus().length, node: process.version };
  const host = `${machine.cpu.toLowerCase().replace(/[^a-z0-9]+/g, '-')}-${machine.cores}`;
  const foreign = { before, after: await foreignLoad() };
  console.log(`\ncores that others kept busy: ${foreign.before.toFixed(2)} before, ${foreign.after.toFixed(2)} after`);
  writeFileSync(
    new URL(`${[new Date().toISOString().slice(0, 10), ...names, host].join('-')}.json`, into),
    `${JSON.stringify({ machine, pairs: PAIRS, foreign, results }, null, 2)}\n`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
