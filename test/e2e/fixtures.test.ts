// The fixtures are what they claim to be: their sums fit the manifest, and the QEMU that made a stream loads it again,
// with exactly the memory and the registers that truth.json tells of.

import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { withMachine } from '../../src/qemu/machine.js';
import { migrateFrom, setCapabilities, setParameters } from '../../src/qemu/migrate.js';
import { manifestOf } from './capture/manifest.js';
import type { LabQemu } from '../../src/qemu/lab.js';
import { onEveryQemu, onEveryQemuOf, otherTargets } from './support/qemus.js';

const fixtures = new URL('../../fixtures/', import.meta.url).pathname;
const streams = join(fixtures, 'streams');

interface Truth {
  /** Absent: x86_64. */
  readonly target?: string;
  readonly argv: readonly string[];
  readonly capabilities: Readonly<Record<string, boolean>>;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly uri: string;
  readonly stopped: boolean;
  readonly registers?: string;
  readonly ram_sha256: Readonly<Record<string, string>>;
}

function truthOf(name: string): Truth {
  return JSON.parse(readFileSync(join(streams, name, 'truth.json'), 'utf8')) as Truth;
}

describe('manifest', () => {
  it('lists every file with its sums', async () => {
    expect(await manifestOf(fixtures)).toEqual(JSON.parse(readFileSync(join(fixtures, 'manifest.json'), 'utf8')));
  });
});

/**
 * What a load does not leave as it was: riscv64 under TCG counts the host's cycles, and 7.2 delegates interrupts that
 * cannot be kept (mideleg); pseries takes its time base from the host, and sets MSR[ME] (bit 12) as its own CPU wants
 * it; TCG for s390x saves the condition code computed, in the PSW, and shows what computes it before.
 */
function standing(registers: string): string {
  return registers
    .replace(/^ *(TB|m?cycle|m?instret|mideleg) .*$/gm, '')
    .replace(/\bMSR [0-9a-f]{12}./g, 'MSR')
    .replace(/PSW=mask [0-9a-f]{5}(.*) cc .*/g, 'PSW=mask $1');
}

function loads(target: string, { binary, version }: LabQemu): void {
  const mine = readdirSync(streams).filter(
    (name) =>
      name.startsWith(`${version}-`) &&
      existsSync(join(streams, name, 'state.gz')) &&
      (truthOf(name).target ?? 'x86_64') === target,
  );
  // Postcopy streams want an answering destination; a lab with another patch release has no fixtures of its own.
  const names = mine.filter((name) => !/-postcopy/.test(name));
  if (names.length === 0) it.skip(`no fixtures of ${version}`, () => undefined);
  it.each(names)('%s', async (name) => {
    const truth = truthOf(name);
    const folder = mkdtempSync(join(tmpdir(), 'mstream-test-'));
    try {
      for (const file of readdirSync(join(streams, name))) {
        if (file.endsWith('.gz'))
          writeFileSync(join(folder, file.slice(0, -3)), gunzipSync(readFileSync(join(streams, name, file))));
      }
      for (const guest of readdirSync(fixtures).filter((file) => file.endsWith('.bin')))
        copyFileSync(join(fixtures, guest), join(folder, guest));
      const argv = [...truth.argv, '-S', '-incoming', 'defer'];
      await withMachine({ binary, argv, accelerator: 'argv', cwd: folder }, async (machine) => {
        // background-snapshot is the source's alone.
        const { 'background-snapshot': _, ...capabilities } = truth.capabilities;
        await setCapabilities(machine, capabilities);
        const { 'xbzrle-cache-size': cache } = truth.parameters;
        await setParameters(machine, cache === undefined ? {} : { 'xbzrle-cache-size': cache });
        await migrateFrom(machine, truth.uri === 'file:state' ? 'file:state' : 'exec:cat state');
        if (truth.registers !== undefined) expect(standing(await machine.registers())).toBe(standing(truth.registers));
        await machine.quit();
        // A machine with anonymous memory has no sums to compare.
        const sums = Object.keys(truth.ram_sha256).map((id) => [
          id,
          createHash('sha256')
            .update(readFileSync(join(folder, `${id}.img`)))
            .digest('hex'),
        ]);
        expect(Object.fromEntries(sums)).toEqual(truth.ram_sha256);
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

onEveryQemu('Fixtures load', (qemu) => loads('x86_64', qemu));
for (const target of otherTargets) await onEveryQemuOf(target, 'Fixtures load', (qemu) => loads(target, qemu));
