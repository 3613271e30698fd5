// What converting costs: `mstream convert --to mapped-ram` of a save of 1.5 GB against `cp` and `sync`, on a RAM disk where
// there is one; its memory; and the memory of joining the multifd channels of a guest of 16 GiB, which a QEMU of the lab
// sends. Part of `npm run bench`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { writeDense } from './inputs.mjs';
import { copyAndSync, most, none, run } from './measure.mjs';

const mstream = new URL('../../bin/mstream.js', import.meta.url).pathname;
/** Of blocks of 512 bytes. */
const onDisk = (path) => (statSync(path).blocks * 512) / 1e9;

export async function measureConvert({ compare, peak }, folder) {
  const ram = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : folder, 'mstream-bench-'));
  const [plain, mapped, copy] = ['plain', 'mapped', 'copy'].map((name) => join(ram, name));
  const convert = (from, to, kind, ...more) => [mstream, 'convert', from, '-o', to, '--to', kind, '-q', ...more];
  try {
    writeDense(plain);
    await compare(
      'dense: mstream convert --to mapped-ram / cp and sync',
      most(1.5),
      () => {
        rmSync(mapped, { force: true });
        run(process.execPath, ...convert(plain, mapped, 'mapped-ram'));
      },
      () => copyAndSync(plain, copy),
    );
    console.log(`plain ${onDisk(plain).toFixed(2)} GB, mapped-ram ${onDisk(mapped).toFixed(2)} GB in blocks`);
    await compare(
      'dense: mstream convert --to plain / cp and sync',
      none,
      () => run(process.execPath, ...convert(mapped, copy, 'plain', '--force')),
      () => copyAndSync(plain, copy),
    );
    peak(
      'memory: mstream convert --to mapped-ram, dense',
      most(120),
      ...convert(plain, mapped, 'mapped-ram', '--force'),
    );
    peak('memory: mstream convert --to plain, dense', most(120), ...convert(mapped, copy, 'plain', '--force'));
    for (const path of [plain, mapped, copy]) rmSync(path);
    measureChannels(peak, convert, ram);
  } finally {
    rmSync(ram, { recursive: true });
  }
}

/** Two channels of a guest of 16 GiB, half a GiB of it filled; says so where no QEMU can send them. */
function measureChannels(peak, convert, folder) {
  const { status, stderr } = spawnSync(
    process.execPath,
    [new URL('../run.js', import.meta.url).pathname, new URL('large-channels.ts', import.meta.url).pathname, folder],
    { encoding: 'utf8' },
  );
  if (status !== 0) {
    console.log(`no channels of 16 GiB: ${stderr.trim()}`);
    return;
  }
  const [main, ...channels] = ['chan0', 'chan1', 'chan2'].map((name) => join(folder, name));
  console.log(`channels: ${[main, ...channels].map((path) => statSync(path).size).join(', ')} bytes`);
  const more = channels.flatMap((path) => ['--channel', path]);
  for (const kind of ['plain', 'mapped-ram'])
    peak(
      `memory: mstream convert --channel of 16 GiB, --to ${kind}`,
      most(300),
      ...convert(main, join(folder, 'joined'), kind, '--force', ...more),
    );
}
