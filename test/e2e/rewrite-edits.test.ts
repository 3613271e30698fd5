// Every edit in a real QEMU: what it refuses without the edit, and that it loads and runs on with it.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Machine } from '../../src/qemu/machine.js';
import { migrateToFile } from '../../src/qemu/migrate.js';
import type { Edit } from '../../src/ops/rewrite/edit.js';
import { edited, fakeMemory, look } from '../support/edits.js';
import { fixtureBytes, fixtureJson } from '../support/fixtures.js';
import {
  fileOf,
  load,
  memoryIn,
  pc,
  qemu,
  save,
  skip,
  withGuest,
  type LoadOptions,
  type Outcome,
} from './support/loads.js';

if (skip !== undefined) test.skip(`edits in a real QEMU: ${skip}`);

const memoryOf = (name: string): Buffer =>
  gunzipSync(readFileSync(new URL(`../../fixtures/streams/${name}/mem0.img.gz`, import.meta.url)));
const read = (path: string): Uint8Array => Uint8Array.from(readFileSync(path));
const apply = async (bytes: Uint8Array, edits: readonly Edit[], force = false): Promise<Uint8Array> =>
  (await edited(bytes, edits, { force })).bytes;

const ran = { loaded: true, ran: true };
const refused = (words: RegExp | string): object => ({
  loaded: false,
  words: typeof words === 'string' ? expect.stringContaining(words) : expect.stringMatching(words),
});

/** Refused as it is, with these words; runs on when edited. */
async function cures(
  options: LoadOptions & { stream: Uint8Array },
  words: RegExp | string,
  edits: readonly Edit[],
): Promise<Outcome> {
  expect(await load({ ...options, look: async () => {} })).toMatchObject(refused(words));
  const outcome = await load({ ...options, stream: await apply(options.stream, edits) });
  expect(outcome).toMatchObject(ran);
  return outcome;
}

describe.skipIf(skip !== undefined)('blocks', () => {
  test('set-address: where memory is mapped shared, it must be the destination’s', async () => {
    const name = '7.2.22-ignore-shared';
    const moved = await apply(fixtureBytes(name), [{ edit: 'set-address', block: 'mem0', address: 0x1000n }]);
    const capabilities = ['x-ignore-shared'];
    const with_ = (share: 'on' | 'off'): string[] => pc('pc', ...memoryIn(fileOf(memoryOf(name)), share));
    // A private mapping is never asked for its address.
    expect(await load({ release: '7.2', argv: with_('off'), stream: moved, capabilities })).toMatchObject(ran);
    const options = { release: '7.2', argv: with_('on'), stream: moved, capabilities };
    await cures(options, 'Mismatched GPAs for block mem0 4096!= 0', [
      { edit: 'set-address', block: 'mem0', address: 0n },
    ]);
  });

  test('set-address: a plain save with addresses added, on a machine that maps its ROM where they say', async () => {
    const bytes = await apply(fixtureBytes('10.0.13-plain'), [
      { edit: 'to-dialect', dialect: '4.1' },
      { edit: 'set-address', block: 'pc.rom', address: 0xc0000n },
    ]);
    expect((await look(bytes)).blocks.find((block) => block.idstr === 'pc.rom')?.gpa).toBe(0xc0000n);
    expect(
      await load({ release: '10.0', argv: pc('pc'), stream: bytes, capabilities: ['x-ignore-shared'] }),
    ).toMatchObject(ran);
    expect(await load({ release: '10.0', argv: pc('pc'), stream: bytes })).toMatchObject(
      refused('Capability x-ignore-shared is off, but received capability is on'),
    );
  });

  test('rename-block: a machine whose memory backend has another name', async () => {
    const argv = pc('pc,memory-backend=another', '-object', 'memory-backend-ram,id=another,size=2M');
    await cures(
      { release: '11.1', argv, stream: fixtureBytes('11.1.3-plain') },
      'Unknown ramblock "pc.ram", cannot accept migration',
      [{ edit: 'rename-block', block: 'pc.ram', to: 'another' }],
    );
  });

  test('rename-block: in a mapped-ram file, whose pages stay where they are', async () => {
    const argv = pc(
      'pc,memory-backend=a-much-longer-name',
      '-object',
      'memory-backend-ram,id=a-much-longer-name,size=2M',
    );
    const options = { release: '10.0', argv, stream: fixtureBytes('10.0.13-mapped-ram'), capabilities: ['mapped-ram'] };
    await cures(options, 'Unknown ramblock "pc.ram"', [
      { edit: 'rename-block', block: 'pc.ram', to: 'a-much-longer-name' },
    ]);
  });

  test('drop-block: a ROM that the destination does not have', async () => {
    const rom = Buffer.alloc(2048);
    rom.writeUInt16LE(0xaa55);
    const device = (romfile: string): string[] => pc('pc', '-device', `i6300esb,addr=5,romfile=${romfile}`);
    const stream = read(await save('7.2', device(fileOf(rom))));
    await cures({ release: '7.2', argv: device(''), stream }, 'Unknown ramblock "0000:00:05.0/i6300esb_wdt.rom"', [
      { edit: 'drop-block', block: '0000:00:05.0/i6300esb_wdt.rom' },
    ]);
  });

  test('resize-block: a resizable block may have another length, up to what the destination has room for', async () => {
    const block = '/rom@etc/table-loader';
    const larger: Edit[] = [{ edit: 'resize-block', block, length: 0x2000 }];
    const options = { release: '5.2', argv: pc('pc'), stream: await apply(fixtureBytes('5.2.0-plain'), larger) };
    await cures(options, `Size too large: ${block}: 0x2000 > 0x1000`, [
      { edit: 'resize-block', block, length: 0x1000 },
    ]);
    // 7.2 has room for 0x10000.
    expect(
      await load({ release: '7.2', argv: pc('pc'), stream: await apply(fixtureBytes('7.2.22-plain'), larger) }),
    ).toMatchObject(ran);
  });

  test('resize-block: one that came out too long for the destination', async () => {
    const stream = await apply(fixtureBytes('11.1.3-plain'), [
      { edit: 'resize-block', block: 'pc.ram', length: 0x400000 },
    ]);
    await cures({ release: '11.1', argv: pc('pc'), stream }, /Size mismatch: pc\.ram: 0x400000 != 0x200000/, [
      { edit: 'resize-block', block: 'pc.ram', length: 0x200000 },
    ]);
  });
});

describe.skipIf(skip !== undefined)('configuration', () => {
  test('machine: in a mapped-ram file, with a name of another length', async () => {
    const before = fixtureBytes('10.0.13-mapped-ram');
    const short = await apply(before, [{ edit: 'machine', name: 'pc' }]);
    const options = { release: '10.0', argv: pc('pc'), capabilities: ['mapped-ram'] };
    // As much of the name as was received is compared.
    expect(await load({ ...options, stream: short })).toMatchObject(ran);
    const wrong = await apply(before, [{ edit: 'machine', name: 'no machine of that name, and a longer one' }]);
    await cures({ ...options, stream: wrong }, 'Machine type received is', [
      { edit: 'machine', name: 'pc-i440fx-10.0' },
    ]);
  });

  test('uuid: another one, none', async () => {
    const stream = fixtureBytes('7.2.22-uuid');
    const argv = pc('pc', '-uuid', '00000000-0000-4000-8000-000000000001');
    const options = { release: '7.2', argv, stream };
    await cures(
      options,
      /UUID received is 6d737472-6561-6d00-8000-0123456789ab and local is 00000000-0000-4000-8000-000000000001/,
      [{ edit: 'uuid', uuid: Buffer.from('00000000000040008000000000000001', 'hex') }],
    );
    await cures(options, 'UUID received is', [{ edit: 'uuid', uuid: undefined }]);
  });

  test('target-page-bits: 12, said aloud, is what x86 has', async () => {
    for (const release of ['5.2', '11.1']) {
      const version = qemu(release).version;
      const stream = await apply(fixtureBytes(`${version}-plain`), [{ edit: 'target-page-bits', bits: 12 }]);
      expect((await look(stream)).configuration!.subsections).toMatchObject([{ kind: 'target-page-bits', bits: 12 }]);
      expect(await load({ release, argv: pc('pc'), stream })).toMatchObject(ran);
    }
  });

  test('clear-capability: a name that the destination does not know', async () => {
    const stream = await apply(
      fixtureBytes('7.2.22-plain'),
      [{ edit: 'set-capability', capability: 'from-the-future' }],
      true,
    );
    await cures({ release: '7.2', argv: pc('pc'), stream }, 'Received unknown capability from-the-future', [
      { edit: 'clear-capability', capability: 'from-the-future' },
    ]);
  });

  test('set-capability: one that is known, but not compared, is read over', async () => {
    const stream = await apply(fixtureBytes('7.2.22-plain'), [{ edit: 'set-capability', capability: 'xbzrle' }], true);
    expect(await load({ release: '7.2', argv: pc('pc'), stream })).toMatchObject(ran);
  });
});

describe.skipIf(skip !== undefined)('sections', () => {
  const device = ['-device', 'i6300esb,addr=5'];

  test('drop-section: a device that the destination does not have', async () => {
    const stream = read(await save('7.2', pc('pc', ...device)));
    await cures(
      { release: '7.2', argv: pc('pc'), stream },
      "Unknown savevm section or instance '0000:00:05.0/i6300esb_wdt' 0",
      [{ edit: 'drop-section', idstr: '0000:00:05.0/i6300esb_wdt' }],
    );
  });

  test('rename-section: a device that the destination has in another slot', async () => {
    const stream = read(await save('11.1', pc('pc', ...device)));
    await cures(
      { release: '11.1', argv: pc('pc', '-device', 'i6300esb,addr=6'), stream },
      /Unknown section or instance '0000:00:05.0\/i6300esb_wdt' 0/,
      [{ edit: 'rename-section', idstr: '0000:00:05.0/i6300esb_wdt', to: '0000:00:06.0/i6300esb_wdt' }],
    );
    const unknown = await apply(stream, [{ edit: 'rename-section', idstr: '0000:00:05.0/i6300esb_wdt', to: 'nobody' }]);
    expect(await load({ release: '11.1', argv: pc('pc', ...device), stream: unknown })).toMatchObject(
      refused("Unknown section or instance 'nobody' 0"),
    );
  });

  test('drop-vmdescription: QEMU does not miss it', async () => {
    const before = fixtureBytes('7.2.22-ignore-shared');
    const stream = await apply(before, [{ edit: 'drop-vmdescription' }]);
    // Most of a template's state is its description.
    expect(stream.length).toBeLessThan(before.length * 0.84);
    const argv = pc('pc', ...memoryIn(fileOf(memoryOf('7.2.22-ignore-shared')), 'off'));
    const outcome = await load({ release: '7.2', argv, stream, capabilities: ['x-ignore-shared'] });
    expect(outcome).toMatchObject({
      ...ran,
      words: expect.stringContaining('Expected vmdescription section, but got 0'),
    });
  });

  test.each(['5.2', '10.0'])('section-footers: %s with send-section-footer off, and on', async (release) => {
    const { version } = qemu(release);
    const off = ['-global', 'migration.send-section-footer=off'];
    await cures(
      { release, argv: pc('pc', ...off), stream: fixtureBytes(`${version}-plain`) },
      /Unknown (savevm )?section type 126/,
      [{ edit: 'footers', footers: false }],
    );
    await cures(
      { release, argv: pc('pc'), stream: fixtureBytes(`${version}-no-footers`) },
      'Missing section footer for ram',
      [{ edit: 'footers', footers: true }],
    );
  });

  test('drop-command: a save for postcopy, for a destination without', async () => {
    const stream = fixtureBytes('7.2.22-postcopy-ready');
    const rest: Edit[] = [1, 2].map((command) => ({ edit: 'drop-command', command }));
    const half = await apply(stream, rest);
    await cures({ release: '7.2', argv: pc('pc'), stream: half }, 'RAM postcopy is disabled but have 16 byte advise', [
      { edit: 'drop-command', command: 3 },
    ]);
    // From a file nobody answers; these two cure that.
    await cures({ release: '7.2', argv: pc('pc'), stream }, /load of migration failed/, [
      ...rest,
      { edit: 'drop-command', command: 3 },
    ]);
  });

  test('drop-command: SWITCHOVER_START, which only 10.0 and later know', async () => {
    const stream = await apply(fixtureBytes('10.0.13-plain'), [{ edit: 'machine', name: 'pc-i440fx-7.2' }]);
    await cures({ release: '7.2', argv: pc('pc'), stream }, 'MIG_CMD 0xb unknown (len 0x0)', [
      { edit: 'drop-command', command: 11 },
    ]);
  });
});

describe.skipIf(skip !== undefined)('devices', () => {
  test.each(['5.2', '11.1'])('set, set-bytes: registers of the loaded guest, %s', async (release) => {
    const stream = await apply(fixtureBytes(`${qemu(release).version}-plain`), [
      { edit: 'set', path: 'cpu.env.regs[1]', value: '0x12345678' },
      { edit: 'set-bytes', path: 'cpu.env.regs[2]', bytes: Buffer.from('00000000cafef00d', 'hex') },
    ]);
    let registers = '';
    expect(
      await load({
        release,
        argv: pc('pc'),
        stream,
        look: async (machine) => void (registers = await machine.registers()),
      }),
    ).toMatchObject(ran);
    expect(registers).toMatch(/ECX=12345678 EDX=cafef00d/);
  });

  // insert-bytes, append-bytes, delete-bytes, drop-subsection: the version matrix.
  test('insert-bytes: a field in front of another', async () => {
    const stream = fixtureBytes('7.2.22-plain');
    const path = '0000:00:01.3/piix4_pm.acpi_pci_hotplug.acpi_index';
    const short = await apply(stream, [{ edit: 'delete-bytes', path }]);
    const before = '0000:00:01.3/piix4_pm.piix4_pm/memhp';
    await cures({ release: '7.2', argv: pc('pc'), stream: short }, 'Missing section footer for 0000:00:01.3/piix4_pm', [
      { edit: 'insert-bytes', path: before, bytes: new Uint8Array(4) },
    ]);
  });
});

describe.skipIf(skip !== undefined)('compact', () => {
  const hash = async (machine: Machine): Promise<string> =>
    createHash('sha256')
      .update(readFileSync(await dump(machine)))
      .digest('hex');
  /** The block as the loading QEMU has it: by saving it again. */
  const dump = async (machine: Machine): Promise<string> => {
    const path = fileOf(new Uint8Array(0));
    await migrateToFile(machine, path, { timeoutMs: 30_000 });
    const memory = fakeMemory();
    await edited(read(path), [{ edit: 'externalize', block: 'pc.ram', memory: memory.target }]);
    return fileOf(memory.bytes());
  };

  test.each(['5.2.0', '7.2.22', '10.0.13', '11.1.3'])(
    'a live save of %s with XBZRLE deltas: the same memory',
    async (version) => {
      const name = `${version}-live-xbzrle`;
      const { bytes, result } = await edited(fixtureBytes(name), [{ edit: 'compact' }]);
      expect(result.differences[0]).toMatchObject({ edit: 'compact', what: 'page records' });
      expect((await look(bytes)).blocks.every(({ sent }) => sent.xbzrle === 0 && sent.resent === 0)).toBe(true);
      const truth = fixtureJson<{ ram_sha256: Record<string, string> }>(name, 'truth.json')!.ram_sha256['pc.ram'];
      let seen: string | undefined;
      const release = version.split('.').slice(0, 2).join('.');
      const dirty = new URL('../../fixtures/guest-dirty.bin', import.meta.url).pathname;
      const argv = pc('pc').map((word) => (word.endsWith('guest.bin') ? dirty : word));
      const outcome = await load({
        release,
        argv,
        stream: bytes,
        look: async (machine) => void (seen = await hash(machine)),
      });
      expect(outcome.loaded).toBe(true);
      expect(seen).toBe(truth);
    },
  );

  test.each(['10.0', '11.1'])('compressed pages are gone since 9.1: %s reads what was compacted', async (release) => {
    const stream = fixtureBytes('5.2.0-compress');
    // 10.0 and 11.1 still have that machine type; the bytes of its devices are another matter, after RAM.
    expect(await load({ release, argv: pc('pc-i440fx-5.2'), stream })).toMatchObject(
      refused('Unknown combination of migration flags: 0x1'),
    );
    const outcome = await load({
      release,
      argv: pc('pc-i440fx-5.2'),
      stream: await apply(stream, [{ edit: 'compact' }]),
    });
    expect(outcome).toMatchObject(ran);
  });
});

describe.skipIf(skip !== undefined)('machine, with the devices that are there', () => {
  test('nothing else of a running guest is touched: it goes on from where it was', async () => {
    const at: number[] = [];
    const path = fileOf(new Uint8Array(0));
    await withGuest('7.2', pc('pc'), async (machine) => {
      await machine.execute('stop');
      at.push((await machine.readMemory(0x7000, 4)).readUInt32LE(0));
      await migrateToFile(machine, path, { timeoutMs: 30_000 });
    });
    const stream = await apply(read(path), [{ edit: 'machine', name: 'pc-i440fx-11.1' }]);
    const outcome = await load({
      release: '11.1',
      argv: pc('pc'),
      stream,
      look: async (machine) => void at.push((await machine.readMemory(0x7000, 4)).readUInt32LE(0)),
    });
    expect(outcome).toMatchObject(ran);
    expect(at[1]).toBe(at[0]);
  });
});
