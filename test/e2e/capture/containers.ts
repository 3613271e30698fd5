// `npm run fixtures -- --containers`: fixtures/containers anew. Images with saved states by the QEMUs of the lab, and
// one stream as each compressor and archiver packs it. Programs that the system lacks come from the lab.

import { execFile, execFileSync } from 'node:child_process';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { dropFolder } from '../../../src/qemu/keeper.js';
import { openLab, type LabQemu } from '../../../src/qemu/lab.js';
import { setCapabilities } from '../../../src/qemu/migrate.js';
import { temporaryFolder } from '../../../src/qemu/process.js';
import { labCommand, savevm, tool, withDisk } from '../support/qcow2.js';

/** The stream that the compressors and archivers get. */
const PACKED = '10.0.13-plain';

const packers: Readonly<Record<string, readonly string[]>> = {
  gz: ['gzip', '-9nc'],
  bz2: ['bzip2', '-c'],
  xz: ['xz', '-c'],
  zst: ['zstd', '-qc'],
  lz4: ['lz4', '-qc'],
  lzo: ['lzop', '-c'],
};

/** Writes the folder. */
export async function captureContainers(fixtures: string): Promise<void> {
  const progress = (line: string): void => void process.stderr.write(`${line}\n`);
  const lab = await openLab({ packages: ['qemu-utils', 'lzop'], progress });
  const out = join(fixtures, 'containers');
  const folder = temporaryFolder();
  try {
    await rm(out, { recursive: true, force: true });
    await mkdir(out);
    for (const qemu of lab) await images(qemu, folder, out);
    await packed(gunzipSync(await readFile(join(fixtures, 'streams', PACKED, 'state.gz'))), lab[0]!, folder, out);
  } finally {
    dropFolder(folder);
  }
}

async function keepImage(disk: string, out: string): Promise<void> {
  const bytes = gzipSync(await readFile(disk), { level: 9 });
  await writeFile(join(out, `${basename(disk)}.gz`), bytes);
  process.stdout.write(`${basename(disk)}: ${Math.ceil(bytes.length / 1024)} KiB\n`);
}

async function images(qemu: LabQemu, folder: string, out: string): Promise<void> {
  const image = async (name: string, options: readonly string[], size: string): Promise<string> => {
    const disk = join(folder, `${qemu.version}-${name}.qcow2`);
    await tool(qemu, 'qemu-img', 'create', '-f', 'qcow2', ...options, disk, size);
    return disk;
  };
  const blank = await image('blank', [], '1M');
  await withDisk(qemu, blank, folder, (machine) => savevm(machine, 's1'));
  await keepImage(blank, out);
  const data = await image('data', ['-o', 'cluster_size=4k'], '6M');
  await tool(qemu, 'qemu-io', '-c', 'write -P 1 0 1M', '-c', 'write -P 2 5M 64k', data);
  await withDisk(qemu, data, folder, async (machine) => {
    await savevm(machine, 'first');
    await machine.hmp('qemu-io disk0 "write -P 4 512k 1M"');
    await savevm(machine, 'second');
  });
  await keepImage(data, out);
  if (qemu.wanted !== '11.1') return;
  const mapped = await image('mapped', [], '1M');
  await withDisk(qemu, mapped, folder, async (machine) => {
    await setCapabilities(machine, { 'mapped-ram': true });
    await savevm(machine, 's1');
  });
  await keepImage(mapped, out);
}

async function packed(stream: Uint8Array, qemu: LabQemu, folder: string, out: string): Promise<void> {
  for (const [suffix, [program, ...args]] of Object.entries(packers))
    await writeFile(join(out, `state.${suffix}`), await filter(qemu, program!, args, stream));
  await mkdir(join(folder, 'vm'));
  await writeFile(join(folder, 'vm/state'), stream);
  await writeFile(join(folder, 'vm/readme'), 'a state beside me\n');
  for (const format of ['gnu', 'pax']) {
    // A name that takes a header of its own.
    const long = join('vm', 'n'.repeat(120));
    await cp(join(folder, 'vm/state'), join(folder, long));
    const options = ['--owner=0', '--group=0', '--numeric-owner', '--mtime=@0', '--sort=name', `--format=${format}`];
    const archive = execFileSync('tar', [...options, '-C', folder, '-c', 'vm/readme', long], { maxBuffer: 1 << 28 });
    await writeFile(join(out, `${format}.tar.gz`), gzipSync(archive, { level: 9 }));
  }
}

/** The system's program, or that of the lab. */
function filter(qemu: LabQemu, program: string, args: readonly string[], input: Uint8Array): Promise<Buffer> {
  const run = (file: string, words: readonly string[], env: NodeJS.ProcessEnv): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      const child = execFile(file, words, { env, encoding: 'buffer', maxBuffer: 1 << 28 }, (error, stdout) =>
        error === null ? resolve(stdout) : reject(error),
      );
      child.stdin!.end(input);
    });
  const { file, words, env } = labCommand(qemu, program, args);
  return run(program, args, process.env).catch(() => run(file, words, env));
}
