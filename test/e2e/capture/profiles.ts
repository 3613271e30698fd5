// `node test/run.js test/e2e/capture/profiles.ts`: records fixtures/profiles anew with the QEMUs of the lab. Imports
// qemu/.

import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { formatProfile } from '../../../src/destination/document.js';
import { openLab } from '../../../src/qemu/lab.js';
import { askDestination } from '../../../src/qemu/ask/ask.js';

/** The machine of the plain captures, guest.bin beside us. */
const argv = ['-M', 'pc', '-m', '2', '-nodefaults', '-vga', 'none', '-bios', 'guest.bin', '-accel', 'tcg'];

const fixtures = resolve('fixtures');
await mkdir(join(fixtures, 'profiles'), { recursive: true });
for (const { version, binary } of await openLab({ progress: (line) => process.stderr.write(`${line}\n`) })) {
  const profile = await askDestination(binary, argv, { cwd: fixtures });
  const packed = gzipSync(formatProfile(profile), { level: 9 });
  await writeFile(join(fixtures, 'profiles', `${version}-pc.json.gz`), packed);
  process.stdout.write(`${version}-pc: ${Math.ceil(packed.length / 1024)} KiB\n`);
}
