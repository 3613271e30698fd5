// `mstream transplant STATE -o OUT -- qemu …` as a user runs it: the destination is asked and tries the result,
// nobody's memory file or disk changes, refusals name their reason and what would help, and the trial sees what nobody
// announced.
import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { edited } from '../support/edits.js';
import { devicesOf } from '../support/vmstate.js';
import { visitLeaves } from '../../src/vmstate/index.js';
import { fileOf, folder, load, pc, save, skip } from './support/loads.js';

if (skip !== undefined) test.skip(`mstream transplant: ${skip}`);

const root = new URL('../../', import.meta.url).pathname;

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const transplant = (...args: string[]): Promise<Ended> => mstream('transplant', ...args);

async function mstream(...args: string[]): Promise<Ended> {
  const child = spawn(process.execPath, [join(root, 'bin/mstream.js'), ...args], { cwd: folder });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (part: Buffer) => (stdout += part.toString()));
  child.stderr.on('data', (part: Buffer) => (stderr += part.toString()));
  child.stdin.end();
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

const hash = async (path: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex');

describe.skipIf(skip !== undefined)('mstream transplant with a QEMU', () => {
  const nic = ['-device', 'e1000e,romfile=,addr=4'];
  let plain: string;
  let devices: string;

  beforeAll(async () => {
    plain = await save('7.2', pc('pc'));
    devices = await save('7.2', pc('pc', ...nic));
  });

  /** The save with the card's registers set. */
  async function placedCard(registers: Readonly<Record<string, string>>): Promise<string> {
    const bytes = await readFile(devices);
    let config = '';
    for (const { root: state, device } of (await devicesOf(bytes))!.states) {
      if (device.name.startsWith('0000:00:04'))
        visitLeaves(
          state,
          ({ fullPath }) => void (fullPath.endsWith('.bar[0]') && (config = fullPath.slice(0, -'.bar[0]'.length))),
        );
    }
    return fileOf(
      (
        await edited(
          bytes,
          Object.entries(registers).map(([name, value]) => ({ edit: 'set', path: `${config}.${name}`, value })),
        )
      ).bytes,
    );
  }

  test('upward: tried, assumed, and runs on', async () => {
    const ended = await transplant(plain, '-o', 'up', '--', 'lab:11.1', ...pc('pc'));
    expect(ended.stderr).toBe('');
    expect(ended.code).toBe(0);
    expect(ended.stdout).toMatch(/^pc-i440fx-7\.2 -> pc-i440fx-11\.1: assumed\n/);
    expect(ended.stdout).toMatch(
      /trial {2}passed: QEMU 11\.1\.\d+ .* loaded it and saved it again, 3,\d{3} values compared/,
    );
    expect(ended.stdout).not.toContain('surprise');
    expect(await load({ release: '11.1', argv: pc('pc'), stream: await readFile(join(folder, 'up')) })).toMatchObject({
      loaded: true,
      ran: true,
    });
  });

  test('to the same QEMU with what no stream says: exact, also under --strict', async () => {
    const ended = await transplant(
      plain,
      '-o',
      'same',
      '--strict',
      '--source-cpu',
      'qemu64',
      '--source-accel',
      'tcg',
      '--',
      'lab:7.2',
      ...pc('pc'),
    );
    expect(ended.stdout).toMatch(/^pc-i440fx-7\.2 -> pc-i440fx-7\.2: exact\n/);
    expect(ended.code).toBe(0);
    expect(await hash(join(folder, 'same'))).toBe(await hash(plain));
    // Not told, or not tried, it is not exact.
    expect((await transplant(plain, '-o', 'same2', '--strict', '--', 'lab:7.2', ...pc('pc'))).stderr).toContain(
      'refused: the transplant would be assumed',
    );
    expect(
      (
        await transplant(
          plain,
          '--dry-run',
          '--no-trial',
          '--strict',
          '--source-cpu',
          'qemu64',
          '--source-accel',
          'tcg',
          '--',
          'lab:7.2',
          ...pc('pc'),
        )
      ).stdout,
    ).toMatch(/trial {2}not tried: --no-trial/);
  });

  test('another CPU or accelerator is refused', async () => {
    const cpu = await transplant(plain, '-o', 'cpu', '--source-cpu', 'max', '--', 'lab:7.2', ...pc('pc'));
    expect([cpu.code, cpu.stdout]).toEqual([1, expect.stringContaining('-cpu max at the destination')]);
    const accel = await transplant(plain, '-o', 'accel', '--source-accel', 'kvm', '--', 'lab:7.2', ...pc('pc'));
    expect([accel.code, accel.stdout]).toEqual([
      1,
      expect.stringContaining('saved under kvm, and the destination is tcg'),
    ]);
  });

  test('refused in a pipe: what went into it loads nowhere', async () => {
    const child = spawn(process.execPath, [
      ...[join(root, 'bin/mstream.js'), 'transplant', '-', '-o', '-', '--source-cpu', 'max', '--'],
      ...['lab:7.2', ...pc('pc')],
    ]);
    const parts: Buffer[] = [];
    child.stdout.on('data', (part: Buffer) => void parts.push(part));
    child.stdin.on('error', () => undefined);
    child.stdin.end(await readFile(plain));
    const [code] = (await once(child, 'close')) as [number | null];
    expect(code).toBe(1);
    const stream = Uint8Array.from(Buffer.concat(parts));
    for (const release of ['7.2', '11.1'])
      expect(await load({ release, argv: pc('pc-i440fx-7.2'), stream })).toMatchObject({ loaded: false });
  });

  test('the CPU that a command line asks for', async () => {
    await writeFile(join(folder, 'cmdline'), ['qemu-system-x86_64', '-cpu', 'max', '-accel', 'kvm', ''].join('\0'));
    const other = await transplant(
      plain,
      '--dry-run',
      '--no-trial',
      '--source-argv',
      'cmdline',
      '--source-accel',
      'tcg',
      '--',
      'lab:7.2',
      ...pc('pc'),
    );
    expect([other.code, other.stdout]).toEqual([
      1,
      expect.stringContaining('the source had max, the destination has qemu64'),
    ]);
    await writeFile(join(folder, 'cmdline'), 'LC_ALL=C \\\nqemu-system-x86_64 \\\n-M pc');
    const same = await transplant(
      plain,
      '--dry-run',
      '--strict',
      '--source-argv',
      'cmdline',
      '--',
      'lab:7.2',
      ...pc('pc'),
    );
    expect([same.code, same.stdout]).toEqual([
      0,
      expect.stringContaining('exact: the machine’s default CPU under tcg, as at the source'),
    ]);
    await writeFile(join(folder, 'cmdline'), "qemu 'x");
    expect(
      await transplant(plain, '--dry-run', '--source-argv', 'cmdline', '--', 'lab:7.2', ...pc('pc')),
    ).toMatchObject({ code: 2, stderr: expect.stringContaining('--source-argv cmdline: no command line') });
  });

  test('the CPU that a template’s manifest knows: a feature that the destination lacks is refused', async () => {
    const made = await mstream(
      'template',
      'create',
      't',
      '--ready-file',
      'console',
      '--ready-text',
      'R',
      '--',
      'lab:7.2',
      ...pc('pc', '-cpu', 'max,-avx2', '-debugcon', 'file:console'),
    );
    expect(made.stderr + made.stdout).toContain('pc-i440fx-7.2');
    const { argv } = JSON.parse(await readFile(join(folder, 't/manifest.json'), 'utf8')) as { argv: string[] };
    const with_ = (cpu: string): string[] =>
      argv.map((word) =>
        (word === 'max,-avx2' ? cpu : word).replaceAll('<DIR>', join(folder, 't')).replaceAll('{n}', '1'),
      );
    const memory = await hash(join(folder, 't/memory'));
    // And pcommit, which no later QEMU has.
    const smaller = await transplant('t', '-o', 'small', '--json', '--', 'lab:10.0', ...with_('max,-avx2,-avx'));
    expect(smaller.code).toBe(1);
    expect(JSON.parse(smaller.stdout)).toMatchObject({
      cpu: { grade: 'impossible', missing: ['avx', 'pcommit'] },
      trial: { state: 'not-tried' },
    });
    const same = await transplant('t', '-o', 'same-cpu', '--', 'lab:7.2', ...with_('max,-avx2'));
    expect([same.code, same.stdout]).toEqual([
      0,
      expect.stringContaining('exact: max under tcg, as at the source, with every feature of it'),
    ]);
    // The state itself knows its manifest too.
    expect(
      (await transplant('t/state', '--dry-run', '--no-trial', '--', 'lab:7.2', ...with_('qemu64'))).stdout,
    ).toContain('qemu64, lacks what the source’s had: ');
    expect(await hash(join(folder, 't/memory'))).toBe(memory);
  });

  test('a larger region at the destination: QEMU’s refusal, explained', async () => {
    // As a device of 4 KiB would have been placed; this one has 128.
    const placed = await placedCard({ 'bar[0]': '0xfebf1000' });
    const ended = await transplant(placed, '-o', 'bar', '--', 'lab:10.0', ...pc('pc', ...nic));
    expect(ended.code).toBe(1);
    expect(ended.stdout).toMatch(
      /conflict 0000:00:04\.0\/e1000e: 0x10 -> 0x0 {2}\(byte 0x11 of the PCI configuration space is fixed at the destination \(a base address, of a larger region\)\)/,
    );
  });

  test('every region where the source had it, and none over another', async () => {
    const placed = {
      command: '0x7',
      'bar[0]': '0xfeb80000',
      'bar[1]': '0xfeba0000',
      'bar[2]': '0xc001',
      'bar[3]': '0xfebc0000',
    };
    const ended = await transplant(await placedCard(placed), '-o', 'placed', '--', 'lab:10.0', ...pc('pc', ...nic));
    expect(ended.stdout).toMatch(/trial {2}passed: .*; 5 regions of PCI devices in their places\n/);
    // QEMU itself does not mind.
    const over = await transplant(
      await placedCard({ ...placed, 'bar[1]': '0xfeb80000' }),
      '-o',
      'over',
      '--',
      'lab:10.0',
      ...pc('pc', ...nic),
    );
    expect(over.stdout).toMatch(/trial {2}failed: 1 region of PCI devices out of place\n/);
    expect(over.stdout).toMatch(
      /conflict 0000:00:04\.0 base address 1: 0xfeb80000 to 0xfeb9ffff -> 0xfeb80000 to 0xfeb9ffff {2}\(overlaps 0000:00:04\.0 base address 0 at the destination\)/,
    );
    expect(over.code).toBe(1);
  });

  test('a value that the destination changes without anybody saying so is a failure', async () => {
    // QEMU puts a queue of scan codes in order when it has loaded one: its end follows its beginning.
    const marked = fileOf(
      (await edited(await readFile(plain), [{ edit: 'set', path: 'ps2mouse.parent_obj.queue.rptr', value: '77' }]))
        .bytes,
    );
    const ended = await transplant(marked, '-o', 'queue', '--', 'lab:7.2', ...pc('pc'));
    expect(ended.stdout).toMatch(/trial {2}failed: \d+ values? saved otherwise/);
    expect(ended.stdout).toMatch(/surprise {2}ps2mouse\.parent_obj\.queue\.wptr: 0 -> 77/);
    expect(ended.code).toBe(1);
  });

  test('neither disk nor memory file nor what a loader would write changes', async () => {
    const [disk, memory, blob] = ['disk.raw', 'memory', 'blob'].map((name) => join(folder, name));
    await writeFile(disk!, Buffer.alloc(1 << 20, 'd'));
    await writeFile(memory!, Buffer.alloc(2 << 20, 'm'));
    await writeFile(blob!, Buffer.alloc(64 << 10, 'b'));
    const argv = [
      ...pc('pc'),
      '-object',
      `memory-backend-file,id=pc.ram,size=2M,share=on,mem-path=${memory}`,
      '-machine',
      'memory-backend=pc.ram',
      '-drive',
      `file=${disk},format=raw,if=none,id=d0`,
      '-device',
      'loader,addr=0x20000,force-raw=on,file=blob',
    ];
    const before = await Promise.all([disk!, memory!].map(hash));
    const ended = await transplant(plain, '-o', 'safe', '--', 'lab:10.0', ...argv);
    expect([ended.code, ended.stderr]).toEqual([0, '']);
    expect(await Promise.all([disk!, memory!].map(hash))).toEqual(before);
  });

  test('command lines that make no sense, and a QEMU that cannot be kept from harm', async () => {
    expect((await transplant(plain, '-o', 'x', '--onto', plain, '--', 'lab:7.2', ...pc('pc'))).code).toBe(2);
    expect((await transplant(plain, '-o', 'x', '--onto', plain, '--source-cpu', 'max')).code).toBe(2);
    expect((await transplant(plain, '-o', 'x', '--', 'no-such-qemu')).code).toBe(4);
    const harmful = await transplant(plain, '-o', 'x', '--', 'lab:7.2', ...pc('pc'), '-no-such-option');
    expect([harmful.code, harmful.stderr]).toEqual([1, expect.stringContaining('-no-such-option')]);
  });
});
