// A multifd capture of a guest of 16 GiB for the benchmark, by a QEMU of the lab: chan0, chan1 and chan2 in the folder
// that is given. Half a GiB of the guest is filled. Imports qemu/.

import { createWriteStream, openSync, closeSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { openLab } from '../../src/qemu/lab.js';
import { withMachine } from '../../src/qemu/machine.js';
import { migrateTo, setCapabilities, setParameters } from '../../src/qemu/migrate.js';

const MIB = 1024 * 1024;
const FILLED = 512 * MIB;
const folder = process.argv[2]!;

/** Pages that differ from each other. */
function fill(path: string): void {
  const piece = Buffer.alloc(MIB, 0x5a);
  const file = openSync(path, 'w');
  for (let at = 0; at < FILLED; at += MIB) {
    for (let page = 0; page < MIB; page += 4096) piece.writeUInt32LE((at + page) / 4096 + 1, page);
    writeSync(file, piece);
  }
  closeSync(file);
}

const [qemu] = await openLab({ suites: ['sid'] });
const firmware = new URL('../../fixtures/guest.bin', import.meta.url).pathname;
const data = join(folder, 'data');
fill(data);
const arrived: Promise<void>[] = [];
const server = createServer((socket) => {
  arrived.push(pipeline(socket, createWriteStream(join(folder, `chan${arrived.length}`), { mode: 0o600 })));
});
server.listen(join(folder, 'socket'));
await once(server, 'listening');
const argv = ['-M', 'pc', '-m', '16G', '-nodefaults', '-vga', 'none', '-bios', firmware];
const filled = ['-device', `loader,file=${data},addr=${8 * 1024 * MIB},force-raw=on`];
await withMachine({ binary: qemu!.binary, argv: [...argv, ...filled], cwd: folder }, async (machine) => {
  await setCapabilities(machine, { multifd: true });
  await setParameters(machine, { 'multifd-channels': 2 });
  await migrateTo(machine, `unix:${join(folder, 'socket')}`, { timeoutMs: 300_000 });
});
await Promise.all(arrived);
server.close();
