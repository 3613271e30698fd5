// The seed's wish, without patching QEMU: its template of QEMU 4.0 in stock QEMUs; templates out of full saves; saves
// that need no memory file out of templates.
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openFileSink } from '../../src/bytes/node/file-sink.js';
import { openFile } from '../../src/bytes/node/file-source.js';
import { memoryFile, openMemory } from '../../src/bytes/node/memory-file.js';
import { endClones, makeClones } from '../../src/clone/clone.js';
import { describeFile, hashFile, type Manifest } from '../../src/clone/manifest.js';
import { checkAlive, checkEqual, checkIsolation, takeSnapshot, type Snapshot } from '../../src/clone/proof.js';
import { migrateToFile } from '../../src/qemu/migrate.js';
import type { Edit } from '../../src/ops/rewrite/edit.js';
import { rewrite, type RewriteResult } from '../../src/ops/rewrite/rewrite.js';
import { edited } from '../support/edits.js';
import { fixtureBytes } from '../support/fixtures.js';
import { fileOf, folder, guestRam, lab, load, memoryIn, pc, skip, withGuest, withoutRoms } from './support/loads.js';

if (skip !== undefined) test.skip(`rewrite: ${skip}`);

const memoryOf = (name: string): Buffer =>
  gunzipSync(readFileSync(new URL(`../../fixtures/streams/${name}/mem0.img.gz`, import.meta.url)));

async function rewriteFile(from: string, to: string, edits: readonly Edit[]): Promise<RewriteResult> {
  const source = await openFile(from);
  try {
    return await rewrite(source, await openFileSink(to), edits);
  } finally {
    await source.close();
  }
}

describe.skipIf(skip !== undefined)('the template of QEMU 4.0.0', () => {
  const before = fixtureBytes('4.0.0-ignore-shared');
  const memory = memoryOf('4.0.0-ignore-shared');
  const argv = (): string[] => pc('pc-i440fx-4.0', ...memoryIn(fileOf(memory), 'off'));
  const capabilities = ['x-ignore-shared'];

  test.each(['5.2', '7.2', '10.0'])('refused by %s as it is, loaded by it when converted', async (release) => {
    const refused = await load({ release, argv: argv(), stream: before, capabilities });
    expect(refused).toMatchObject({
      loaded: false,
      words: expect.stringMatching(/Unknown ramblock ".*", cannot accept migration/),
    });

    const { bytes } = await edited(before, [{ edit: 'to-dialect', dialect: '4.1' }]);
    let ram: Buffer | undefined;
    const outcome = await load({
      release,
      argv: argv(),
      stream: bytes,
      capabilities,
      look: async (machine) => void (ram = await guestRam(machine)),
    });
    expect(outcome).toMatchObject({ loaded: true, ran: true });
    expect(ram!.equals(withoutRoms(memory))).toBe(true);
  });

  test('in 11.1, which no longer has that machine type', async () => {
    const { bytes } = await edited(before, [
      { edit: 'to-dialect', dialect: '4.1' },
      { edit: 'machine', name: 'pc-i440fx-11.1' },
      {
        edit: 'append-bytes',
        path: '0000:00:01.3/piix4_pm.acpi_pci_hotplug.acpi_pcihp_pci_status',
        bytes: new Uint8Array(4),
      },
    ]);
    let ram: Buffer | undefined;
    const options = { release: '11.1', argv: pc('pc', ...memoryIn(fileOf(memory), 'off')), capabilities };
    const outcome = await load({
      ...options,
      stream: bytes,
      look: async (machine) => void (ram = await guestRam(machine)),
    });
    expect(outcome).toMatchObject({ loaded: true, ran: true });
    expect(ram!.equals(withoutRoms(memory))).toBe(true);
  });

  test('as the 2.11 fork with bypass-shared-memory would have it: any QEMU, no capability', async () => {
    const { bytes } = await edited(before, [{ edit: 'to-dialect', dialect: 'plain' }]);
    let ram: Buffer | undefined;
    const outcome = await load({
      release: '7.2',
      argv: argv(),
      stream: bytes,
      look: async (machine) => void (ram = await guestRam(machine)),
    });
    expect(outcome).toMatchObject({ loaded: true, ran: true });
    expect(ram!.equals(withoutRoms(memory))).toBe(true);
  });
});

describe.skipIf(skip !== undefined)('a full save becomes a template', () => {
  test.each([...lab.values()])('of QEMU $version', async ({ wanted, version, binary }) => {
    const work = join(folder, `template-${wanted}`);
    await mkdir(work);
    const argv = [...pc('pc')];
    const template = await withGuest(wanted, argv, async (machine): Promise<Snapshot> => {
      await machine.execute('stop');
      const snapshot = await takeSnapshot(machine, 2 << 20);
      await migrateToFile(machine, join(work, 'full'));
      return snapshot;
    });
    await rewriteFile(join(work, 'full'), join(work, 'state'), [
      { edit: 'externalize', block: 'pc.ram', memory: memoryFile(join(work, 'memory'), false) },
    ]);
    expect(withoutRoms(await readFile(join(work, 'memory'))).equals(withoutRoms(template.memory))).toBe(true);
    const before = await hashFile(join(work, 'memory'));

    const manifest: Manifest = {
      schemaVersion: 1,
      kind: 'mstream-template',
      created: new Date(0).toISOString(),
      qemu: { version, package: '', executable: binary.executable, sha256: '' },
      machine: null,
      argv: [
        '-object',
        'memory-backend-file,id=pc.ram,size=2M,share=on,mem-path=<DIR>/memory',
        ...pc('pc,memory-backend=pc.ram'),
      ],
      capabilities: ['x-ignore-shared'],
      cpu: { model: null, features: [], accelerator: 'tcg' },
      dialect: null,
      blocks: [],
      state: await describeFile(work, 'state'),
      memory: { 'pc.ram': await describeFile(work, 'memory') },
    };
    const clones = await makeClones({ binary, manifest, folder: work, count: 3, jobs: 2, start: false, extra: [] });
    try {
      expect(clones.filter((clone) => !clone.ok)).toEqual([]);
      const checks = [
        ...(await checkEqual(template, clones)),
        ...(await checkIsolation(template, clones)),
        ...(await checkAlive(clones)),
      ];
      expect(checks.filter((check) => !check.ok)).toEqual([]);
    } finally {
      await endClones(clones);
    }
    expect(await hashFile(join(work, 'memory'))).toBe(before);
  });
});

describe.skipIf(skip !== undefined)('a template becomes a save that needs no memory file', () => {
  test.each([
    ['5.2', '5.2.0'],
    ['7.2', '7.2.22'],
    ['10.0', '10.0.13'],
    ['11.1', '11.1.3'],
  ])('of QEMU %s', async (release, version) => {
    const name = `${version}-ignore-shared`;
    const memory = memoryOf(name);
    const path = fileOf(memory);
    const origin = await openMemory(path);
    // The block was named after its backend; a machine without one calls it pc.ram.
    const { bytes } = await edited(fixtureBytes(name), [
      { edit: 'inline', block: 'mem0', memory: origin },
      { edit: 'rename-block', block: 'mem0', to: 'pc.ram' },
    ]);
    await origin.close();
    await writeFile(path, '');
    let ram: Buffer | undefined;
    const outcome = await load({
      release,
      argv: pc('pc'),
      stream: bytes,
      look: async (machine) => void (ram = await guestRam(machine)),
    });
    expect(outcome).toMatchObject({ loaded: true, ran: true });
    expect(ram!.equals(withoutRoms(memory))).toBe(true);
  });

  test('without the new name it is refused', async () => {
    const path = fileOf(memoryOf('7.2.22-ignore-shared'));
    const origin = await openMemory(path);
    const { bytes } = await edited(fixtureBytes('7.2.22-ignore-shared'), [
      { edit: 'inline', block: 'mem0', memory: origin },
    ]);
    await origin.close();
    await copyFile(path, `${path}.copy`);
    expect(await load({ release: '7.2', argv: pc('pc'), stream: bytes })).toMatchObject({
      loaded: false,
      words: expect.stringContaining('Unknown ramblock "mem0", cannot accept migration'),
    });
  });
});
