// The example of docs/api/qmp.md with a real QEMU.

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { startMachine } from '../../src/qemu/machine.js';
import { onQemu, tinyMachine } from './support/qemus.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

onQemu('10.0', 'the example of docs/api/qmp.md', ({ binary }) => {
  it('prints what the page says', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mstream-example-'));
    const socket = join(folder, 'qmp');
    const argv = [...tinyMachine, '-S', '-qmp', `unix:${socket},server=on,wait=off`];
    const machine = await startMachine({ binary, argv });
    try {
      const args = ['test/examples/qmp.mjs', socket];
      const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
      expect(stdout).toBe(readFileSync(`${root}/test/examples/qmp.txt`, 'utf8'));
    } finally {
      await machine.end();
      rmSync(folder, { recursive: true });
    }
  });
});
