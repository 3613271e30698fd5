// Machines of other architectures in their real QEMU: what a rewrite changed is what that QEMU shows after loading it.
// That every captured stream loads, with the registers that it was captured with, is fixtures.test.ts.

import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { LabQemu } from '../../src/qemu/lab.js';
import { withMachine, type Machine } from '../../src/qemu/machine.js';
import { migrateFrom, setCapabilities } from '../../src/qemu/migrate.js';
import { QemuDied } from '../../src/qemu/process.js';
import type { Edit } from '../../src/ops/rewrite/edit.js';
import { edited } from '../support/edits.js';
import { fixtureBytes, fixtureJson, fixtureNames } from '../support/fixtures.js';
import { onEveryQemuOf } from './support/qemus.js';

const fixtures = new URL('../../fixtures/', import.meta.url).pathname;

/** Loads the stream into the machine that the fixture was captured from. */
async function loaded<T>(
  { binary }: LabQemu,
  name: string,
  stream: Uint8Array,
  look: (machine: Machine) => Promise<T>,
): Promise<T> {
  const { argv } = fixtureJson<{ argv: readonly string[] }>(name, 'truth.json')!;
  const folder = mkdtempSync(join(tmpdir(), 'mstream-test-'));
  try {
    for (const guest of readdirSync(fixtures).filter((file) => file.endsWith('.bin')))
      copyFileSync(join(fixtures, guest), join(folder, guest));
    writeFileSync(join(folder, 'state'), stream);
    return await withMachine(
      { binary, argv: [...argv, '-S', '-incoming', 'defer'], accelerator: 'argv', cwd: folder },
      async (machine) => {
        // Its events are what migrations are followed by.
        await setCapabilities(machine, {});
        await migrateFrom(machine, 'exec:cat state', { timeoutMs: 60_000 });
        return look(machine);
      },
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const registers = (machine: Machine): Promise<string> => machine.registers();

/** A register of the first CPU, and how the monitor shows it. */
const cases = {
  aarch64: { scenario: 'aarch64-virt', path: 'cpu/0.env.xregs[7]', shows: /X07=0+12345678/ },
  riscv64: { scenario: 'riscv64-virt', path: 'cpu/0.env.gpr[10]', shows: /x10\/a0 +0+12345678/ },
  ppc64: { scenario: 'ppc64-pseries-live', path: 'cpu.env.gpr[17]', shows: /GPR16 \w{16} 0+12345678/ },
  s390x: { scenario: 's390x-ccw', path: 'cpu/0.env.regs[5]', shows: /R05=0+12345678/ },
} as const;

for (const target of ['aarch64', 'riscv64', 'ppc64', 's390x'] as const) {
  const { scenario, path, shows } = cases[target];
  await onEveryQemuOf(target, 'Edits', (qemu) => {
    const name = `${qemu.version}-${scenario}`;
    if (!fixtureNames.includes(name)) {
      it.skip(`no fixtures of ${qemu.version}`, () => undefined);
      return;
    }

    it(`set ${path}`, async () => {
      const before = await loaded(qemu, name, fixtureBytes(name), registers);
      expect(before).not.toMatch(shows);
      const { bytes } = await edited(fixtureBytes(name), [{ edit: 'set', path, value: '0x12345678' }]);
      expect(await loaded(qemu, name, bytes, registers)).toMatch(shows);
    });

    if (target === 's390x') {
      it('set a storage key: page 0x25 has key 2 and was referenced', async () => {
        const key: Edit = { edit: 'set', path: 's390-skeys.data.chunk[0].keys[37]', value: '0x24' };
        const shown = (machine: Machine): Promise<string> => machine.hmp('info skeys 0x25000');
        expect(await loaded(qemu, name, fixtureBytes(name), shown)).toMatch(/key: 0x1A$/m);
        expect(await loaded(qemu, name, (await edited(fixtureBytes(name), [key])).bytes, shown)).toMatch(/key: 0x24$/m);
      });
    }

    if (target === 'aarch64') {
      // A board without versions; its pages are of 1 KiB, and no subsection says so.
      const board = `${qemu.version}-arm-microbit`;
      it('machine: another name is refused, and the right one put back loads', async () => {
        const away = (await edited(fixtureBytes(board), [{ edit: 'machine', name: 'virt' }])).bytes;
        const refused = await loaded(qemu, board, away, registers).catch((error: unknown) =>
          error instanceof QemuDied ? error.stderr : error,
        );
        expect(refused).toContain("Machine type received is 'virt' and local is 'microbit'");
        const back = (
          await edited(away, [
            { edit: 'machine', name: 'microbit' },
            { edit: 'set', path: 'cpu.env.regs[3]', value: '0x12345678' },
          ])
        ).bytes;
        expect(await loaded(qemu, board, back, registers)).toContain('R03=12345678');
      });
    }
  });
}
