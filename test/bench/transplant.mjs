// What carrying a save of 1.5 GB costs, with a donor at hand (--onto): the whole command against `cp` and `sync`, its memory,
// and beside them what asking a QEMU for the donor costs. The devices are a capture's: a q35 with twenty of them.
// Part of `npm run bench`; `node test/bench/transplant.mjs` measures it alone.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { tailOf, writeDense, writeIdle } from './inputs.mjs';
import { copyAndSync, foreignLoad, measuring, most, none, run } from './measure.mjs';

const mstream = new URL('../../bin/mstream.js', import.meta.url).pathname;
const firmware = new URL('../../fixtures/guest.bin', import.meta.url).pathname;
/** 2 GiB of guest memory. */
const PAGES = 524_288;

export async function measureTransplant({ compare, peak }, folder) {
  const [source, donor, out, copy] = ['source', 'donor', 'carried', 'copy'].map((name) => join(folder, name));
  const devices = await tailOf('11.1.3-q35-devices');
  writeDense(source, PAGES, devices);
  writeIdle(donor, PAGES, devices);
  const carry = [mstream, 'transplant', source, '-o', out, '--onto', donor, '--force', '-q'];
  await compare(
    'dense: mstream transplant --onto / cp and sync',
    most(1.5),
    () => run(process.execPath, ...carry),
    () => copyAndSync(source, copy),
  );
  peak('memory: mstream transplant --onto dense', most(120), ...carry);
  for (const path of [source, donor, out, copy]) rmSync(path);
  await measureDonor(compare, folder);
}

/** The same small save with a QEMU of the lab that is asked for its donor, and with that donor at hand. */
async function measureDonor(compare, folder) {
  const [source, donor] = ['small', 'small-donor'].map((name) => join(folder, name));
  const devices = await tailOf('11.1.3-plain');
  writeIdle(source, PAGES, devices);
  writeIdle(donor, PAGES, devices);
  const plan = [mstream, 'transplant', source, '--dry-run', '-q'];
  const asked = [
    '--no-trial',
    '--',
    'lab:11.1',
    '-M',
    'pc',
    '-m',
    '2G',
    '-nodefaults',
    '-vga',
    'none',
    '-bios',
    firmware,
  ];
  const { status, stderr } = spawnSync(process.execPath, [...plan, ...asked], { encoding: 'utf8' });
  if (status === 0)
    await compare(
      'donor: transplant -- qemu of 2 GiB / --onto',
      none,
      () => run(process.execPath, ...plan, ...asked),
      () => run(process.execPath, ...plan, '--onto', donor),
    );
  else console.log(`donor: not measured: ${stderr.trim()}`);
  for (const path of [source, donor]) rmSync(path);
}

if (pathToFileURL(process.argv[1] ?? '').href === import.meta.url) {
  const folder = mkdtempSync(join(tmpdir(), 'mstream-bench-'));
  try {
    const before = await foreignLoad();
    await measureTransplant(measuring(folder), folder);
    console.log(`cores that others kept busy: ${before.toFixed(2)} before, ${(await foreignLoad()).toFixed(2)} after`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
