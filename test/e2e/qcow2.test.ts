// Snapshots that real QEMUs saved into their disks, read back: the same devices and the same pages as in a plain stream
// of the same stopped guest, through every layout of qcow2 that the lab's qemu-img makes.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeDecompressors } from '../../src/bytes/node/decompressors.js';
import { openFile } from '../../src/bytes/node/file-source.js';
import { inUse } from '../../src/bytes/node/in-use.js';
import { libvirtHeader } from '../../src/container/libvirt/header.js';
import { openContainers, type Nest } from '../../src/container/open.js';
import { openLab, qemuSkipReason, type LabQemu } from '../../src/qemu/lab.js';
import { setCapabilities } from '../../src/qemu/migrate.js';
import { encodeBytes } from '../../src/wire/kit/codec.js';
import { readItems, type Item } from '../support/items.js';
import { diskMachine, imageKinds, savedBoth, savevm, tool, withDisk } from './support/qcow2.js';
import { runMstream } from './support/run-mstream.js';

const reason = qemuSkipReason();
/** The lab with qemu-img and qemu-io in its roots. */
const lab: readonly LabQemu[] =
  reason === undefined
    ? await openLab({ packages: ['qemu-utils'], progress: (line) => process.stderr.write(`${line}\n`) })
    : [];
if (reason !== undefined) describe.skip(`qcow2 (skipped: ${reason})`, () => undefined);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mstream-qcow2-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const open = async (file: string, snapshot?: string): Promise<Nest> =>
  openContainers(await openFile(file), {
    decompressors: nodeDecompressors,
    snapshot,
    openBacking: (path, from) => openFile(join(from, '..', path)),
  });

async function stateOf(file: string, snapshot?: string): Promise<Uint8Array> {
  const { inner } = await open(file, snapshot);
  const bytes = new Uint8Array(inner.size!);
  await inner.read(bytes, 0);
  await inner.close();
  return bytes;
}

/** Configuration, devices and pages; a savevm sends no commands. */
async function contents(stream: Uint8Array): Promise<Item[]> {
  const { items, failure } = await readItems(stream);
  expect(failure).toBeUndefined();
  return items.filter(({ kind }) => kind !== 'command' && kind !== 'vmdescription');
}

/** A libvirt save image around a stream. */
function saveImage(stream: Uint8Array, format: number): Buffer {
  const xml = '<domain/>\0';
  const header = { magic: 'LibvirtQemudSave', littleEndian: true, version: 2, wasRunning: 1, cookieOffset: 0 } as const;
  const bytes = encodeBytes(libvirtHeader, { ...header, dataLength: xml.length, format, unused: new Uint8Array(56) });
  return Buffer.concat([bytes, Buffer.from(xml), stream]);
}

/** `mstream verify --load` in the QEMU that wrote it; `disk` is its disk. */
const tried = (state: string, { wanted }: LabQemu, disk: string): ReturnType<typeof runMstream> =>
  runMstream(folder, ['verify', '--load', state, '--', `lab:${wanted}`, ...diskMachine(disk), '-debugcon', 'null']);

async function loads(state: string, qemu: LabQemu, disk: string): Promise<void> {
  const { stdout, stderr } = await tried(state, qemu, disk);
  expect(stdout, stderr).toMatch(/^ {2}tried: loads, \w+, as predicted$/m);
}

/** What a release is tried with besides the first two: all of them on one, so that the suite stays short. */
const everywhere: readonly string[] = ['version 2', 'clusters of 4 KiB', 'extended L2 entries'];

for (const qemu of lab) {
  describe(`qcow2 on QEMU ${qemu.version}`, () => {
    const kinds = Object.entries(imageKinds).filter(([name]) => qemu.wanted === '7.2' || everywhere.includes(name));
    it.each(kinds)('a state in an image of %s', async (name, options) => {
      const disk = join(folder, `${qemu.wanted}-${name.replaceAll(' ', '-')}.qcow2`);
      await tool(qemu, 'qemu-img', 'create', '-f', 'qcow2', ...(options === '' ? [] : ['-o', options]), disk, '5M');
      await withDisk(qemu, disk, folder, (machine) => savedBoth(machine, 's1', `${disk}.plain`));
      expect(await contents(await stateOf(disk))).toEqual(await contents(await readFile(`${disk}.plain`)));
      const verified = await runMstream(folder, ['verify', disk]);
      expect(verified).toMatchObject({ code: 0, stderr: '' });
    });

    it('two states over a backing file, with data on both disks; named, listed, in use', async () => {
      const base = join(folder, `${qemu.wanted}-base.qcow2`);
      const disk = join(folder, `${qemu.wanted}-overlay.qcow2`);
      await tool(qemu, 'qemu-img', 'create', '-f', 'qcow2', base, '64M');
      await tool(qemu, 'qemu-io', '-c', 'write -P 1 0 3M', '-c', 'write -P 2 40M 1M', base);
      const backing = ['-b', base.replace(`${folder}/`, ''), '-F', 'qcow2'];
      await tool(qemu, 'qemu-img', 'create', '-f', 'qcow2', ...backing, disk, '6M');
      await tool(qemu, 'qemu-io', '-c', 'write -P 3 1M 1M', disk);
      await withDisk(qemu, disk, folder, async (machine) => {
        await savevm(machine, 'first');
        await machine.hmp('qemu-io disk0 "write -P 4 2M 1M"');
        await savedBoth(machine, 'second', `${disk}.plain`);
        expect(await inUse(disk)).toBeDefined();
        expect((await runMstream(folder, ['inspect', `${disk}#second`])).stdout).toMatch(/note: .* has the image open/);
      });
      const plain = await contents(await readFile(`${disk}.plain`));
      for (const word of ['first', 'second', '1', '2'])
        expect(await contents(await stateOf(disk, word))).toEqual(plain);
      const listed = await runMstream(folder, ['inspect', disk]);
      expect(listed).toMatchObject({ code: 2, stdout: '' });
      const shown = await tool(qemu, 'qemu-img', 'snapshot', '-l', disk);
      for (const tag of ['first', 'second']) {
        expect(shown).toContain(tag);
        expect(listed.stderr).toMatch(new RegExp(`\\d +${tag} .* pc-i440fx-`));
      }
      const got = await runMstream(folder, ['get', `${disk}#first`, 'globalstate.runstate']);
      expect(got).toMatchObject({ code: 0, stdout: 'paused\n' });
      expect(await inUse(disk)).toBeUndefined();
    });

    it('the state that loadvm leaves in the active table, without and with its snapshot', async () => {
      const disk = join(folder, `${qemu.wanted}-active.qcow2`);
      await tool(qemu, 'qemu-img', 'create', '-f', 'qcow2', disk, '1M');
      await withDisk(qemu, disk, folder, (machine) => savevm(machine, 's1'));
      const saved = await stateOf(disk);
      await tool(qemu, 'qemu-img', 'snapshot', '-a', 's1', disk);
      // Both share their clusters, so there is one state.
      expect(Buffer.compare(await stateOf(disk), saved)).toBe(0);
      await tool(qemu, 'qemu-img', 'snapshot', '-d', 's1', disk);
      const { layers, inner } = await open(disk);
      await inner.close();
      expect(layers[0]!.facts.notes).toEqual([expect.objectContaining({ code: 'no-entry' })]);
      expect(Buffer.compare(await stateOf(disk, ''), saved)).toBe(0);
    });

    if (qemu.wanted === '11.1') {
      it('mapped-ram: places count from the state’s beginning, and QEMU’s size is too small', async () => {
        const disk = join(folder, `${qemu.wanted}-mapped.qcow2`);
        await tool(qemu, 'qemu-img', 'create', '-f', 'qcow2', disk, '1M');
        await withDisk(qemu, disk, folder, async (machine) => {
          await setCapabilities(machine, { 'mapped-ram': true });
          await savevm(machine, 's1');
        });
        const { layers, inner } = await open(disk);
        const { vmStateSize } = layers[0]!.facts as unknown as { readonly vmStateSize: number };
        expect(inner.size).toBeGreaterThan(vmStateSize);
        await inner.close();
        const { items, failure, warnings } = await readItems(await stateOf(disk));
        expect(failure).toBeUndefined();
        expect(warnings).toEqual([]);
        const blocks = items.flatMap((item) => (item.kind === 'ram-blocks' ? item.blocks : []));
        expect(blocks[0]!.mapped!.pagesOffset % (1 << 20)).toBe(0);
        expect(await runMstream(folder, ['verify', disk])).toMatchObject({ code: 0, stderr: '' });
        await loads(disk, qemu, disk);
      });
    }

    if (qemu.wanted === '7.2') {
      it('verify --load feeds a QEMU what lies inside of containers', async () => {
        const disk = join(folder, 'load.qcow2');
        await tool(qemu, 'qemu-img', 'create', '-f', 'qcow2', disk, '1M');
        await withDisk(qemu, disk, folder, (machine) => savedBoth(machine, 's1', `${disk}.plain`));
        await loads(disk, qemu, disk);
        const plain = await readFile(`${disk}.plain`);
        await writeFile(join(folder, 'packed.save'), saveImage(gzipSync(plain), 1));
        await loads('packed.save', qemu, disk);
        await writeFile(join(folder, 'cut.save'), saveImage(gzipSync(plain).subarray(0, 30_000), 1));
        expect((await tried('cut.save', qemu, disk)).stdout).toContain('  tried: rejected');
      });

      it('refuses by name what it cannot read, as qemu-img made it', async () => {
        const made = async (name: string, ...options: string[]): Promise<string> => {
          const disk = join(folder, `${name}.qcow2`);
          await tool(qemu, 'qemu-img', 'create', '-f', 'qcow2', ...options, disk, '1M');
          return (await runMstream(folder, ['inspect', disk])).stderr;
        };
        const secret = ['--object', 'secret,id=s,data=abc', '-o'];
        expect(await made('luks', ...secret, 'encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10')).toMatch(
          /^unsupported: .*LUKS/,
        );
        expect(await made('aes', ...secret, 'encrypt.format=aes,encrypt.key-secret=s')).toMatch(/^unsupported: .*AES/);
        expect(await made('external', '-o', `data_file=${join(folder, 'external.data')},data_file_raw=on`)).toMatch(
          /^unsupported: .*external data file/,
        );
        const unknown = join(folder, 'unknown.qcow2');
        await tool(qemu, 'qemu-img', 'create', '-f', 'qcow2', unknown, '1M');
        const bytes = await readFile(unknown);
        bytes[72 + 6] = 0x80;
        await writeFile(unknown, bytes);
        expect((await runMstream(folder, ['inspect', unknown])).stderr).toMatch(
          /^unsupported: .*incompatible features/,
        );
      });
    }
  });
}
