// Images edited in place by `mstream rewrite`, judged by QEMU: qemu-img finds nothing wrong, the disk and the snapshots
// that nobody named are as they were, and -loadvm loads the edited state.
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLab, qemuSkipReason, type LabQemu } from '../../src/qemu/lab.js';
import { withMachine } from '../../src/qemu/machine.js';
import { diskMachine, savevm, tool, withDisk } from './support/qcow2.js';

const root = new URL('../../', import.meta.url).pathname;
const reason = qemuSkipReason();
const lab: readonly LabQemu[] =
  reason === undefined
    ? await openLab({ packages: ['qemu-utils'], progress: (line) => process.stderr.write(`${line}\n`) })
    : [];
if (reason !== undefined) describe.skip(`qcow2 edited (skipped: ${reason})`, () => undefined);

let folder: string;
beforeAll(async () => {
  await promisify(execFile)('npx', ['rolldown', '-c', 'src/bundle.config.mjs'], { cwd: root });
  folder = await mkdtemp(join(tmpdir(), 'mstream-qcow2-edit-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function mstream(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(root, 'bin/mstream.js'), ...args]);
  return stdout;
}

/** `-o` options of qemu-img create. */
const kinds = {
  'version 3': 'compat=1.1',
  'version 2, 4 KiB clusters': 'compat=0.10,cluster_size=4k',
  'refcounts of 64 bits': 'refcount_bits=64',
};

for (const qemu of lab) {
  describe(`an image of QEMU ${qemu.version}`, () => {
    it.each(Object.entries(kinds).slice(0, /^(7|11)\./.test(qemu.version) ? undefined : 1))(
      '%s',
      async (name, options) => {
        const file = (part: string): string =>
          join(folder, `${qemu.wanted}-${name.replace(/\W+/g, '-')}-${part}.qcow2`);
        const [disk, same, edited] = [file('disk'), file('same'), file('edited')];
        await tool(qemu, 'qemu-img', 'create', '-f', 'qcow2', '-o', options, disk, '5M');
        await withDisk(qemu, disk, folder, async (machine) => {
          await savevm(machine, 'first');
          await savevm(machine, 'second');
        });
        // A QEMU that is ended leaves a table behind that nothing refers to.
        await tool(qemu, 'qemu-img', 'check', '-r', 'leaks', disk);
        expect(await tool(qemu, 'qemu-img', 'check', disk)).toContain('No errors were found');
        await copyFile(disk, `${disk}.before`);

        await mstream('rewrite', `${disk}#second`, '-o', same);
        expect(Buffer.compare(await readFile(same), await readFile(disk))).toBe(0);

        await mstream('rewrite', `${disk}#second`, '-o', edited, '--set', 'cpu.env.regs[3]=0x1234', '--machine', 'pc');
        expect(Buffer.compare(await readFile(disk), await readFile(`${disk}.before`))).toBe(0);
        expect(await tool(qemu, 'qemu-img', 'check', edited)).toContain('No errors were found');
        expect((await tool(qemu, 'qemu-img', 'snapshot', '-l', edited)).match(/first|second/g)).toEqual([
          'first',
          'second',
        ]);
        expect(await tool(qemu, 'qemu-img', 'compare', disk, edited)).toContain('Images are identical');
        expect((await mstream('get', `${edited}#second`, 'cpu.env.regs[3]')).trim()).toBe(String(0x1234));
        expect(await mstream('inspect', '--json', `${edited}#second`)).toContain('"machine": "pc"');
        await mstream('diff', '--quiet', `${disk}#first`, `${edited}#first`);
        for (const tag of ['first', 'second']) {
          const argv = [...diskMachine(edited), '-S', '-loadvm', tag];
          await withMachine({ binary: qemu.binary, argv, cwd: folder }, async (machine) => {
            const registers = await machine.registers();
            expect(/BX=0*1234\b/.test(registers)).toBe(tag === 'second');
          });
        }
        expect(await tool(qemu, 'qemu-img', 'check', edited)).toContain('No errors were found');
      },
    );
  });
}
