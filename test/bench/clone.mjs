// What does `mstream clone` cost beside a hand-written minimal QMP script that does the same (Node's own start
// included)? Alternating runs of both on one template; medians and ratios. `node test/bench/clone.mjs [runs]`, on
// compiled code, with a qemu-system-x86_64 in PATH.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const runs = Number(process.argv[2] ?? 20);
const mstream = new URL('../../bin/mstream.js', import.meta.url).pathname;
const guest = new URL('../../fixtures/guest.bin', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'mstream-bench-'));

/** The shortest script that we could write: no timeouts, no errors, no cleanup. */
const minimal = `
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
const [argv, state, socket] = [JSON.parse(process.argv[2]), process.argv[3], process.argv[4]];
const qemu = spawn('qemu-system-x86_64', [...argv, '-qmp', 'unix:' + socket + ',server=on,wait=off'], { stdio: 'ignore' });
const dial = () => new Promise((done) => { const s = connect(socket); s.on('connect', () => done(s)); s.on('error', () => setTimeout(() => dial().then(done), 2)); });
const s = await dial();
let load = 0;
const steps = [
  { execute: 'qmp_capabilities' },
  { execute: 'migrate-set-capabilities', arguments: { capabilities: [{ capability: 'x-ignore-shared', state: true }, { capability: 'events', state: true }] } },
  { execute: 'migrate-incoming', arguments: { uri: 'exec:cat ' + state } },
];
let text = '';
s.on('data', (d) => {
  text += d;
  for (let end = text.indexOf('\\n'); end >= 0; end = text.indexOf('\\n')) {
    const message = JSON.parse(text.slice(0, end));
    text = text.slice(end + 1);
    if (message.QMP !== undefined || message.return !== undefined) {
      if (steps.length === 1) load = performance.now();
      if (steps.length > 0) s.write(JSON.stringify(steps.shift()));
    }
    if (message.event === 'MIGRATION' && message.data.status === 'completed') {
      process.stdout.write(String(performance.now() - load));
      qemu.kill('SIGKILL');
    }
  }
});
qemu.on('exit', () => process.exit(0));
`;

const timed = (file, args) => {
  const started = performance.now();
  const { status, stdout, stderr } = spawnSync(file, args, { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${args[0]}: ${stderr}`);
  return { took: performance.now() - started, stdout };
};
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const show = (values) =>
  `median ${median(values).toFixed(1)} ms (${Math.min(...values).toFixed(1)} to ${Math.max(...values).toFixed(1)})`;

try {
  writeFileSync(join(folder, 'minimal.mjs'), minimal);
  const vm = ['-M', 'pc', '-m', '8', '-nodefaults', '-vga', 'none', '-bios', guest];
  execFileSync(
    process.execPath,
    [mstream, 'template', 'create', 't', '--ready-delay', '0.5', '--', 'qemu-system-x86_64', ...vm],
    { cwd: folder, stdio: 'ignore' },
  );
  const { machine } = JSON.parse(readFileSync(join(folder, 't/manifest.json'), 'utf8'));
  const argv = [
    ...vm.with(1, machine),
    '-object',
    `memory-backend-file,id=mem0,size=8M,share=off,mem-path=${folder}/t/memory`,
    '-machine',
    'memory-backend=mem0',
    '-incoming',
    'defer',
    '-display',
    'none',
    '-accel',
    'tcg',
  ];
  const ours = { whole: [], load: [] };
  const theirs = { whole: [], load: [] };
  const bare = [];
  for (let i = 0; i <= runs; i += 1) {
    const a = timed(process.execPath, [mstream, 'clone', 't', '--json']);
    const b = timed(process.execPath, [
      'minimal.mjs',
      JSON.stringify(argv),
      `${folder}/t/state`,
      join(folder, `qmp-${i}`),
    ]);
    const c = timed(process.execPath, ['-e', '0']);
    if (i === 0) continue; // warm-up
    ours.whole.push(a.took);
    ours.load.push(JSON.parse(a.stdout).clones[0].phases.load);
    theirs.whole.push(b.took);
    theirs.load.push(Number(b.stdout));
    bare.push(c.took);
  }
  console.log(`${runs} alternating runs`);
  console.log(`mstream clone   whole ${show(ours.whole)}; load ${show(ours.load)}`);
  console.log(`minimal script  whole ${show(theirs.whole)}; load ${show(theirs.load)}`);
  console.log(`node -e 0       ${show(bare)}`);
  const pairs = ours.whole.map((took, i) => took / theirs.whole[i]);
  console.log(
    `whole ${median(pairs).toFixed(2)} x (median of pairs); load ${(median(ours.load) - median(theirs.load)).toFixed(1)} ms apart`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
