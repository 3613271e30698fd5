// -dump-vmstate in a separate QEMU, which exits by itself. The dump covers all device types of a machine, whatever the
// command line. QEMU: dump_vmstate_json_to_file(), migration/savevm.c.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { QemuBinary } from './binary.js';
import { QemuProcess } from './process.js';

/** The path of the dump in `folder`. @throws QemuDied, Timeout */
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
