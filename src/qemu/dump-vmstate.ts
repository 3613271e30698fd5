// -dump-vmstate, in a QEMU of its own, which ends by itself. The list is that of all device types of a machine, whatever the
// command line. QEMU: dump_vmstate_json_to_file(), migration/savevm.c. Imports qemu/ files below it.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { QemuBinary } from './binary.js';
import { QemuProcess } from './process.js';

/** The file that it wrote into `folder`. @throws QemuDied, Timeout */
export async function dumpVmstate(
  binary: QemuBinary,
  machine: string,
  folder: string,
  timeoutMs: number,
): Promise<Buffer> {
  const file = join(folder, 'vmstate');
  const qemu = new QemuProcess({
    binary,
    argv: ['-M', machine, '-nodefaults', '-display', 'none', '-dump-vmstate', file],
  });
  try {
    const exit = await qemu.waitForExit(timeoutMs);
    if (exit.code !== 0) throw qemu.died('during -dump-vmstate');
    return await readFile(file);
  } finally {
    await qemu.kill();
  }
}
