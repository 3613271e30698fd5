// Images that we write, judged by QEMU: qemu-img finds nothing wrong, -loadvm loads the state, and the guest stands
// where it was saved.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFileSink } from '../../src/bytes/node/file-sink.js';
import { openFile } from '../../src/bytes/node/file-source.js';
import { writeFreshImage } from '../../src/container/qcow2/write-fresh.js';
import { openLab, qemuSkipReason, type LabQemu } from '../../src/qemu/lab.js';
import { withMachine } from '../../src/qemu/machine.js';
import { diskMachine, savedBoth, tool, withDisk } from './support/qcow2.js';

const reason = qemuSkipReason();
const lab: readonly LabQemu[] =
  reason === undefined
    ? await openLab({ packages: ['qemu-utils'], progress: (line) => process.stderr.write(`${line}\n`) })
    : [];
if (reason !== undefined) describe.skip(`qcow2 written (skipped: ${reason})`, () => undefined);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mstream-qcow2-write-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

for (const qemu of lab) {
  describe(`a fresh image on QEMU ${qemu.version}`, () => {
    it('is clean, and loads', async () => {
      const disk = join(folder, `${qemu.wanted}.qcow2`);
      await tool(qemu, 'qemu-img', 'create', '-f', 'qcow2', disk, '5M');
      const registers = await withDisk(qemu, disk, folder, async (machine) => {
        await savedBoth(machine, 's1', `${disk}.plain`);
        return machine.registers();
      });
      for (const [version, clusterBits] of [
        [3, 16],
        [2, 12],
      ] as const) {
        const fresh = join(folder, `${qemu.wanted}-${version}.qcow2`);
        const stream = await openFile(`${disk}.plain`);
        const sink = await openFileSink(fresh);
        await writeFreshImage(stream, sink, { diskSize: 5 << 20, tag: 'from-a-stream', version, clusterBits });
        await sink.commit();
        await stream.close();
        expect(await tool(qemu, 'qemu-img', 'check', fresh)).toContain('No errors were found');
        expect(await tool(qemu, 'qemu-img', 'snapshot', '-l', fresh)).toContain('from-a-stream');
        const argv = [...diskMachine(fresh), '-S', '-loadvm', 'from-a-stream'];
        await withMachine({ binary: qemu.binary, argv, cwd: folder }, async (machine) => {
          expect(await machine.registers()).toBe(registers);
        });
      }
    });
  });
}
