// `node test/bench/against.mjs OLD NEW [ROUNDS]`: two built checkouts, held against each other. A round runs OLD, NEW and
// OLD again, in an order that turns with every round. A command passes when the median of NEW / OLD is at most 1.05, or
// inside the spread of OLD against itself. 3 minutes and 1 GB of the temporary folder for 9 rounds; wants a quiet machine.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { writeDense, writeIdle } from './inputs.mjs';
import { foreignLoad } from './measure.mjs';

const [old, fresh] = process.argv.slice(2, 4).map((folder) => join(resolve(folder), 'bin/mstream.js'));
const rounds = Number(process.argv[4] ?? 9);
const folder = mkdtempSync(join(tmpdir(), 'mstream-bench-'));

function milliseconds(mstream, args) {
  const started = performance.now();
  const { status, stderr } = spawnSync(process.execPath, [mstream, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  if (status !== 0) throw new Error(`${mstream} ${args.join(' ')}: ${stderr}`);
  return performance.now() - started;
}

const sorted = (values) => [...values].sort((a, b) => a - b);
const median = (values) => sorted(values)[values.length >> 1];

/** Whether the command passes. */
function compare(name, args) {
  const orders = [
    ['a', 'new', 'b'],
    ['b', 'a', 'new'],
    ['new', 'b', 'a'],
  ];
  const ratios = [];
  const itself = [];
  for (let round = -1; round < rounds; round += 1) {
    const took = {};
    for (const which of orders[(round + 1) % 3]) took[which] = milliseconds(which === 'new' ? fresh : old, args);
    if (round < 0) continue;
    ratios.push((2 * took.new) / (took.a + took.b));
    itself.push(took.a / took.b);
  }
  const ratio = median(ratios);
  const most = Math.max(...itself.map((value) => Math.max(value, 1 / value)));
  const met = ratio <= Math.max(1.05, most);
  const range = sorted(itself).map((value) => value.toFixed(2));
  console.log(
    `${name.padEnd(24)} new/old ${ratio.toFixed(3)}  old/old ${median(itself).toFixed(3)} (${range[0]} to ${range.at(-1)})  ${ratio <= 1.05 ? 'within 5 %' : met ? 'within the spread' : 'MISSED'}`,
  );
  return met;
}

try {
  const dense = writeDense(join(folder, 'dense'), 262_144);
  const idle = writeIdle(join(folder, 'idle'));
  const capture = join(folder, 'capture');
  const packed = new URL('../../fixtures/streams/7.2.22-q35-devices/state.gz', import.meta.url);
  writeFileSync(capture, gunzipSync(readFileSync(packed)));
  console.log(`${rounds} rounds; others keep ${(await foreignLoad()).toFixed(2)} cores busy`);
  const met = [
    compare('inspect dense', ['inspect', dense]),
    compare('inspect idle', ['inspect', idle]),
    compare('verify dense', ['verify', dense]),
    compare('rewrite dense', ['rewrite', dense, '-o', '-', '--quiet']),
    compare('inspect --devices', ['inspect', '--devices', capture]),
    compare('decode', ['decode', capture, '-o', '-', '--force', '--ram', join(folder, 'ram')]),
    compare('get', ['get', capture, 'cpu.env.eip']),
    compare('explain', ['explain', 'Missing section footer for ram']),
    compare('--version', ['--version']),
  ];
  console.log(`others keep ${(await foreignLoad()).toFixed(2)} cores busy`);
  process.exitCode = met.every(Boolean) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}
