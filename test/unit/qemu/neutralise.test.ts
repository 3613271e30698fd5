// A command line made harmless, option by option: what it becomes, what is refused, and that nothing slips through.
// Images are small files of a temporary folder.
import { Refused } from '../../../src/base/refused.js';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { neutralArgv, neutralise } from '../../../src/qemu/neutralise.js';
import { optionRules } from '../../../src/qemu/neutralise/options.js';
import { parseParameter } from '../../../src/qemu/parameter.js';

const cwd = mkdtempSync(join(tmpdir(), 'mstream-neutral-'));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const qcow2 = Buffer.alloc(512);
qcow2.write('QFI\xfb', 'latin1');
qcow2.writeUInt32BE(3, 4);
qcow2.writeBigUInt64BE(64n << 20n, 24);
writeFileSync(join(cwd, 'disk.qcow2'), qcow2);
writeFileSync(join(cwd, 'disk.raw'), Buffer.alloc(3 * 1024 + 1));
writeFileSync(join(cwd, 'disk.vmdk'), Buffer.from('KDMV'.padEnd(512)));
mkdirSync(join(cwd, 'folder'));

const options = { temporaryFolder: '/t', cwd };
const of = (...argv: string[]) => neutralise(argv, options);
const NULL = (size: number): string => `driver=null-co,size=${size},read-zeroes=on`;

describe('becomes', () => {
  const cases: [given: string, started: string][] = [
    // Nothing to do.
    [
      '-M pc -m 2G -smp 2 -cpu max,-avx -nodefaults -bios fw.bin -device virtio-net-pci,netdev=n',
      '-M pc -m 2G -smp 2 -cpu max,-avx -nodefaults -bios fw.bin -device virtio-net-pci,netdev=n',
    ],
    ['-device loader,file=x,addr=0x1000', '-device loader,file=x,addr=0x1000'],
    ['--machine q35 --device ioh3420', '--machine q35 --device ioh3420'],
    // Memory: kind, id, size and share stay.
    [
      '-object memory-backend-file,id=m,size=2M,share=on,mem-path=/dev/shm/vm',
      '-object memory-backend-file,id=m,size=2M,share=on,mem-path=/t',
    ],
    [
      '-object memory-backend-file,id=m,size=2M,mem-path=vm,prealloc=on,offset=4096',
      '-object memory-backend-file,id=m,size=2M,mem-path=/t,prealloc=off,offset=4096',
    ],
    [
      '-object memory-backend-file,id=m,size=2M,mem-path=vm,readonly=on',
      '-object memory-backend-file,id=m,size=2M,mem-path=vm,readonly=on',
    ],
    [
      '-object {"qom-type":"memory-backend-file","id":"m","size":4096,"share":true,"mem-path":"vm"}',
      '-object {"qom-type":"memory-backend-file","id":"m","size":4096,"share":true,"mem-path":"/t"}',
    ],
    [
      '-object qom-type=memory-backend-file,id=m,size=2M,mem-path=vm',
      '-object qom-type=memory-backend-file,id=m,size=2M,mem-path=/t',
    ],
    ['-object memory-backend-memfd,id=m,size=2M,share=on', '-object memory-backend-memfd,id=m,size=2M,share=on'],
    ['-object memory-backend-ram,id=m,size=2M,prealloc=yes', '-object memory-backend-ram,id=m,size=2M,prealloc=off'],
    ['-mem-path /dev/shm/x -mem-prealloc', '-mem-path /t'],
    ['-overcommit mem-lock=on -overcommit cpu-pm=on', '-overcommit cpu-pm=on'],
    // Disks.
    [
      '-drive file=disk.raw,format=raw,if=virtio,id=d,cache=none,aio=native',
      `-drive if=virtio,id=d,cache=none,${NULL(3584)}`,
    ],
    ['-drive file=disk.qcow2,if=none,id=d,snapshot=on', `-drive if=none,id=d,${NULL(64 << 20)}`],
    ['-drive file=disk.qcow2,format=raw,if=none,id=d', `-drive if=none,id=d,${NULL(512)}`],
    [
      '-drive file.driver=file,file.filename=disk.raw,driver=raw,if=none,id=d,readonly=on',
      `-drive if=none,id=d,readonly=on,${NULL(3584)}`,
    ],
    ['-drive file=disk.vmdk,if=none,id=d', '-drive file=disk.vmdk,if=none,id=d,snapshot=on'],
    ['-drive if=none,id=cd,media=cdrom', '-drive if=none,id=cd,media=cdrom'],
    ['-drive if=pflash,format=raw,unit=1,file=disk.raw', `-drive if=pflash,unit=1,${NULL(3584)}`],
    ['-hdb disk.qcow2', `-drive index=1,media=disk,${NULL(64 << 20)}`],
    ['-cdrom disk.raw', `-drive index=2,media=cdrom,${NULL(3584)}`],
    ['-fda disk.raw', `-drive if=floppy,index=0,${NULL(3584)}`],
    ['-pflash disk.raw', `-drive if=pflash,${NULL(3584)}`],
    ['-m 64 disk.raw', `-m 64 -drive index=0,media=disk,${NULL(3584)}`],
    [
      '-blockdev driver=file,filename=disk.qcow2,node-name=f -blockdev driver=qcow2,file=f,node-name=q,cache.direct=on',
      `-blockdev driver=null-co,node-name=f,size=512,read-zeroes=on -blockdev driver=null-co,node-name=q,cache.direct=on,size=${64 << 20},read-zeroes=on`,
    ],
    [
      '-blockdev {"driver":"qcow2","node-name":"q","read-only":true,"file":{"driver":"file","filename":"disk.qcow2"}}',
      `-blockdev {"driver":"null-co","node-name":"q","read-only":true,"size":${64 << 20},"read-zeroes":true}`,
    ],
    [
      '-blockdev driver=raw,node-name=r,file.driver=file,file.filename=disk.raw,size=1024',
      '-blockdev driver=null-co,node-name=r,size=1024,read-zeroes=on',
    ],
    ['-blockdev driver=null-co,node-name=z,size=1M', '-blockdev driver=null-co,node-name=z,size=1M'],
    [
      '-blockdev driver=file,filename=disk.raw,node-name=f -blockdev driver=throttle,throttle-group=g,file=f,node-name=t',
      `-blockdev driver=null-co,node-name=f,size=3584,read-zeroes=on -blockdev driver=throttle,throttle-group=g,file=f,node-name=t`,
    ],
    ['-snapshot', ''],
    ['-fsdev local,id=f,path=/etc,security_model=mapped', '-fsdev local,id=f,path=/t,security_model=none,readonly=on'],
    [
      '-virtfs local,path=/etc,mount_tag=tag,security_model=mapped',
      '-virtfs local,mount_tag=tag,path=/t,security_model=none,readonly=on',
    ],
    // Network.
    [
      '-netdev user,id=n,hostfwd=tcp::22-:22,net=10.0.0.0/24,smb=/home',
      '-netdev user,id=n,net=10.0.0.0/24,restrict=on',
    ],
    ['-netdev tap,id=n,ifname=tap0,vhost=on,script=no', '-netdev hubport,id=n,hubid=4096'],
    [
      '-netdev {"type":"socket","id":"n","listen":":1234"} -nic bridge,model=e1000,mac=52:54:00:00:00:01',
      '-netdev {"type":"hubport","id":"n","hubid":4096} -nic hubport,model=e1000,mac=52:54:00:00:00:01,hubid=4097',
    ],
    [
      '-nic user,model=virtio-net-pci -nic none -net nic,model=rtl8139 -net user,hostfwd=tcp::1-:1 -net tap',
      '-nic user,model=virtio-net-pci,restrict=on -nic none -net nic,model=rtl8139 -net user,restrict=on -net none',
    ],
    // Character devices, screens, sound, monitors.
    [
      '-chardev socket,id=c,path=/run/x,server=on,mux=on -serial chardev:c -serial mon:stdio -parallel pty -debugcon file:x',
      '-chardev null,id=c,mux=on -serial chardev:c -serial null -parallel null -debugcon null',
    ],
    [
      '-monitor stdio -qmp unix:/x,server -mon chardev=c -vnc :1 -spice port=1 -display gtk',
      '-monitor none -display none',
    ],
    ['-audiodev pa,id=a,server=x -audio pa,model=hda', '-audiodev none,id=a -audio none,model=hda'],
    ['-gdb tcp::1 -s', ''],
    // Start and traces.
    [
      '-S -incoming tcp:0:1 -loadvm x -daemonize -pidfile p -D log -d in_asm -trace enable=*,file=t -runas u -chroot / -sandbox on,spawn=deny -preconfig',
      '',
    ],
    ['-machine virt,dumpdtb=x.dtb,gic-version=3', '-machine virt,gic-version=3'],
    [
      '-object filter-dump,id=f,netdev=n,file=x -object rng-random,id=r,filename=/dev/urandom -object iothread,id=i',
      '-object rng-random,id=r,filename=/dev/urandom -object iothread,id=i',
    ],
  ];

  test.each(cases)('%s', (given, started) => {
    const { argv, refused, changes } = of(...given.split(' '));
    expect([argv.join(' '), refused]).toEqual([started, []]);
    expect(changes.length > 0).toBe(given !== started);
    // Made harmless once is harmless.
    expect(neutralise(argv, options).refused).toEqual([]);
  });

  test('the whole word when it holds spaces', () =>
    expect(of('-fw_cfg', 'name=opt/x,string=a b').argv).toEqual(['-fw_cfg', 'name=opt/x,string=a b']));

  test('QEMU 4.0 knows no read-zeroes', () => {
    expect(neutralise(['-fda', 'disk.raw'], { ...options, version: { major: 4, minor: 0 } }).argv).toEqual([
      '-drive',
      'if=floppy,index=0,driver=null-co,size=3584',
    ]);
  });
});

describe('changes', () => {
  test('say option, before, after and why', () => {
    expect(of('-vnc', ':1', '-mem-path', 'x').changes).toEqual([
      { option: '-vnc', before: ':1', after: null, why: 'no window, no socket' },
      {
        option: '-mem-path',
        before: 'x',
        after: '-mem-path /t',
        why: expect.stringContaining('reset writes to guest memory'),
      },
    ]);
  });

  test('say what is lost with a tap', () => {
    expect(of('-netdev', 'tap,id=n').changes[0]!.limits).toMatch(/vnet_hdr/);
    expect(of('-netdev', 'user,id=n').changes[0]!.limits).toBeUndefined();
  });
});

describe('refused by name', () => {
  test.each([
    ['-device vfio-pci,host=01:00.0', /device of the host/],
    ['-device {"driver":"vhost-vsock-pci","guest-cid":3}', /another process or by the host kernel/],
    ['-device vhost-user-fs-pci,chardev=c', /another process/],
    ['-device usb-host,vendorid=1', /device of the host/],
    ['-device tpm-tis,tpmdev=t', /process behind/],
    ['-tpmdev emulator,id=t,chardev=c', /kept by another process/],
    ['-readconfig vm.cfg', /put them on the command line/],
    ['-add-fd fd=3,set=1', /give paths/],
    ['-drive file=nbd://host/x,if=none', /not a local file/],
    ['-drive file=json:{},if=none', /not a local file/],
    ['-drive file=nothing.img,if=none', /ENOENT/],
    ['-drive driver=vvfat,dir=x', /driver vvfat/],
    ['-blockdev driver=rbd,pool=x,image=y,node-name=n', /size behind driver rbd/],
    ['-blockdev driver=qcow2,node-name=n,file=elsewhere', /no local file/],
    ['-blockdev driver=raw,node-name=n,file.driver=nbd,file.path=/x', /no local file/],
    ['-blockdev {"driver":', /cannot be read/],
    ['-netdev tap,id=n,queues=4', /4 queues/],
    ['-object dbus-vmstate,id=d,addr=x', /D-Bus/],
    ['-object x-vfio-user-server,id=d', /does not know what this object does/],
    ['-object {broken', /cannot be read/],
    ['-set drive.d.file=x', /behind our back/],
    ['-icount shift=1,rr=record,rrfile=x', /records or replays/],
    ['-fsdev proxy,id=f,socket=x', /another process/],
    ['-new-thing x', /does not know this option/],
    ['-smp', /value is missing/],
    ['-', /not a local file|ENOENT/],
  ])('%s', (given, why) => {
    const { refused } = of(...given.split(' '));
    expect(refused.map((one) => one.why)).toEqual([expect.stringMatching(why)]);
    expect(() => neutralArgv(given.split(' '), options)).toThrow(Refused);
  });

  test('all of them at once', () => {
    expect(() => neutralArgv(['-device', 'vfio-pci,host=1', '-readconfig', 'x'], options)).toThrow(
      /'?-device vfio-pci,host=1'?: .*; -readconfig x: /,
    );
  });
});

describe('the table', () => {
  test('names every option that the format of a command line has, once', () => {
    expect(optionRules.size).toBeGreaterThan(140);
    for (const name of optionRules.keys()) expect(name).toMatch(/^[A-Za-z][A-Za-z0-9_-]*$/);
  });

  test('nothing that names a file of the user is started', () => {
    const writers = [
      'drive file=U',
      'hda U',
      'pidfile U',
      'D U',
      'serial file:U',
      'chardev file,id=c,path=U',
      'qmp unix:U,server',
      'monitor unix:U',
      'object memory-backend-file,id=m,size=1M,mem-path=U',
      'mem-path U',
      'object filter-dump,id=f,netdev=n,file=U',
      'trace file=U',
      'debugcon file:U',
      'machine pc,dumpdtb=U',
      'vnc unix:U',
      'fsdev local,id=f,path=U',
    ];
    writeFileSync(join(cwd, 'U'), Buffer.alloc(512));
    for (const words of writers) expect(of(...`-${words}`.split(' ')).argv.join(' ')).not.toMatch(/\bU\b/);
  });
});

describe('parameters', () => {
  test('keyval: order, doubled commas, a first word without key', () => {
    const parameter = parseParameter('socket,id=a,,b,x=1', 'type');
    expect([parameter.keys, parameter.get('type'), parameter.get('id')]).toEqual([
      ['type', 'id', 'x'],
      'socket',
      'a,b',
    ]);
    expect(parameter.changed({ type: 'user', y: true, x: undefined })).toBe('user,id=a,,b,y=on');
  });

  test('JSON: inner values by dotted keys, types kept', () => {
    const parameter = parseParameter('{"driver":"raw","file":{"driver":"file","filename":"a"},"size":5}', 'driver');
    expect([
      parameter.get('file.filename'),
      parameter.get('file'),
      parameter.get('size'),
      parameter.get('constructor'),
    ]).toEqual(['a', undefined, '5', undefined]);
    expect(parameter.changed({ size: 6 }, (key) => key !== 'file')).toBe('{"driver":"raw","size":6}');
    expect(() => parseParameter('{', 'driver')).toThrow(SyntaxError);
  });
});
