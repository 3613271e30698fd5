// Asking somebody's QEMU changes nothing of theirs: memory file and disk are hashed before and after everything that
// starts one, with a loader device that writes memory at reset. The same without neutralising does change them, so the
// hashes can tell. Imports qemu/ and support.
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openFile } from '../../src/bytes/node/file-source.js';
import { inspect } from '../../src/ops/inspect.js';
import { openStream } from '../../src/open/open-stream.js';
import { migrateToFile, setCapabilities } from '../../src/qemu/migrate.js';
import { withNeutralMachine } from '../../src/qemu/neutral-machine.js';
import { askDestination } from '../../src/qemu/ask/ask.js';
import { tryLoad } from '../../src/qemu/try-load.js';
import { onEveryQemu, tinyMachine } from './support/qemus.js';

const folder = mkdtempSync(join(tmpdir(), 'mstream-harm-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The user's files, as they look. */
function plant(): void {
  writeFileSync(join(folder, 'memory'), Buffer.alloc(2 << 20, 'memory of a template '));
  writeFileSync(join(folder, 'disk'), Buffer.alloc(1 << 20, 'somebody’s disk '));
}

const hashes = (): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((name) => [
        name,
        createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex'),
      ]),
  );

/** What can hurt: a shared memory file, a writable disk, a device that writes memory at reset, files to be made. */
const argv = [
  ...tinyMachine,
  ...['-object', 'memory-backend-file,id=mem0,size=2M,share=on,mem-path=memory', '-numa', 'node,memdev=mem0'],
  ...['-device', 'loader,addr=0x20000,data=0x11223344,data-len=4'],
  ...['-drive', 'file=disk,format=raw,if=none,id=d', '-device', 'virtio-blk-pci,drive=d'],
  ...[
    '-serial',
    'file:serial',
    '-pidfile',
    'pid',
    '-D',
    'log',
    '-netdev',
    'user,id=n',
    '-device',
    'e1000,netdev=n,romfile=',
  ],
];

onEveryQemu('asking', ({ version, binary }) => {
  const common = { binary, argv, cwd: folder };

  test('a profile, a donor, a refused load and a load leave every file as it was', async () => {
    plant();
    const before = hashes();
    const profile = await askDestination(binary, argv, { cwd: folder });
    expect(profile.notes).toEqual([]);
    expect(profile.blocks.find(({ idstr }) => idstr === 'mem0')).toMatchObject({
      ignored: true,
      migratable: true,
      usedLength: 2 << 20,
      gpa: 0n,
    });
    expect(profile.neutralised.map(({ option }) => option)).toEqual([
      '-object',
      '-drive',
      '-serial',
      '-pidfile',
      '-D',
      '-netdev',
    ]);

    const donor = join(mkdtempSync(join(folder, '..', 'mstream-donor-')), 'donor');
    await withNeutralMachine(common, async (machine) => {
      await setCapabilities(machine, {});
      await migrateToFile(machine, donor);
    });
    const stream = await openStream(await openFile(donor));
    const inspection = await inspect(stream);
    await stream.close();
    expect([inspection.complete, inspection.configuration?.machine]).toEqual([true, profile.machine]);
    expect(inspection.blocks.find(({ idstr }) => idstr === 'mem0')).toMatchObject({ usedLength: 2 << 20, pages: 512 });

    expect(await tryLoad({ ...common, state: donor })).toMatchObject({ verdict: 'loads', lines: [] });
    expect(await tryLoad({ ...common, state: readFileSync(donor).subarray(0, 20_000) })).toMatchObject({
      verdict: 'rejected',
      exitCode: 1,
    });
    rmSync(join(donor, '..'), { recursive: true });
    expect(hashes()).toEqual(before);
  });

  test('guest and monitor cannot reach them either', async () => {
    plant();
    const before = hashes();
    await withNeutralMachine(common, async (machine) => {
      expect(await machine.readMemory(0x20000, 4)).toEqual(Buffer.from('44332211', 'hex'));
      await machine.hmp('qemu-io d "write -P 7 0 4096"');
      await machine.quit();
      expect(machine.process.stdout).toContain('wrote 4096/4096');
    });
    expect(hashes()).toEqual(before);
  });

  test('whatever an option became, QEMU takes it, and the machine keeps its devices', async () => {
    plant();
    const before = hashes();
    const modern = !version.startsWith('5.');
    const crowd = [
      ...[
        '-M',
        'q35',
        '-m',
        '64',
        '-nodefaults',
        '-vga',
        'none',
        '-monitor',
        'stdio',
        '-vnc',
        ':97',
        '-gdb',
        'tcp::1',
        '-overcommit',
        'mem-lock=on',
      ],
      ...[
        '-mem-path',
        'memory',
        '-mem-prealloc',
        '-snapshot',
        '-daemonize',
        '-sandbox',
        'on,spawn=deny',
        '-d',
        'in_asm',
      ],
      ...[
        '-hda',
        'disk',
        '-cdrom',
        'disk',
        '-drive',
        'file=disk,format=raw,if=pflash',
        '-drive',
        'file=disk,format=raw,if=none,id=r,readonly=on,cache=none,aio=native',
        '-device',
        'virtio-scsi-pci',
        '-device',
        'scsi-hd,drive=r',
      ],
      ...[
        '-blockdev',
        'driver=file,filename=disk,node-name=f',
        '-blockdev',
        '{"driver":"raw","file":"f","node-name":"n","cache":{"direct":true}}',
        '-device',
        'virtio-blk-pci,drive=n',
      ],
      ...[
        '-nic',
        'tap,model=virtio-net-pci,script=no',
        '-nic',
        'user,hostfwd=tcp::9797-:22,model=e1000',
        '-netdev',
        'socket,id=s,listen=:9798',
        '-device',
        'rtl8139,netdev=s',
      ],
      ...[
        '-chardev',
        'socket,id=c,path=socket,server=on,wait=on',
        '-device',
        'virtio-serial-pci',
        '-device',
        'virtconsole,chardev=c',
        '-parallel',
        'file:parallel',
        '-serial',
        'pty',
      ],
      ...[
        '-fsdev',
        'local,id=fs,path=/etc,security_model=none',
        '-device',
        'virtio-9p-pci,fsdev=fs,mount_tag=a',
        '-virtfs',
        'local,path=/etc,mount_tag=b,security_model=mapped',
      ],
      ...[
        '-audiodev',
        'pa,id=a',
        '-device',
        'intel-hda',
        '-device',
        'hda-duplex,audiodev=a',
        '-device',
        'qemu-xhci',
        '-device',
        'usb-tablet',
      ],
      ...(modern
        ? ['-object', '{"qom-type":"memory-backend-file","id":"nv","size":1048576,"share":true,"mem-path":"disk"}']
        : []),
    ];
    const profile = await askDestination(binary, crowd, { cwd: folder });
    expect(profile.notes).toEqual([]);
    const idstrs = profile.save!.sections.map(({ idstr }) => idstr).join(' ');
    for (const device of [
      'virtio-blk',
      'virtio-net',
      'virtio-scsi',
      'virtio-console',
      'virtio-9p',
      'e1000',
      'rtl8139',
      'slirp',
      'intel-hda',
      'xhci',
      'ahci',
      'parallel_isa',
      'serial',
    ])
      expect(idstrs).toContain(device);
    expect(profile.blocks.map(({ idstr, usedLength }) => [idstr, usedLength])).toContainEqual([
      'system.flash0',
      1 << 20,
    ]);
    expect(hashes()).toEqual(before);
  });

  test('without neutralising both files change, and others appear', async () => {
    plant();
    const before = hashes();
    try {
      await withNeutralMachine({ ...common, neutralised: false }, async (machine) => {
        await machine.hmp('qemu-io d "write -P 7 0 4096"');
      });
      const after = hashes();
      expect(after['memory']).not.toBe(before['memory']);
      expect(after['disk']).not.toBe(before['disk']);
      expect(Object.keys(after)).toEqual(expect.arrayContaining(['log', 'pid', 'serial']));
    } finally {
      for (const name of ['log', 'pid', 'serial']) rmSync(join(folder, name), { force: true });
    }
  });
});
