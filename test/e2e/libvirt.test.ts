// Images that we rewrote, converted and transplanted, judged by libvirt: it restores them, and the guest's counter goes
// on.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { counters, domain, exchange, libvirts, libvirtSkip, LOOK, virsh } from './support/libvirt.js';
import { runMstream } from './support/run-mstream.js';

if (libvirtSkip !== undefined) {
  console.error(`libvirt tests skipped: ${libvirtSkip}`);
  test.skip(`libvirt: ${libvirtSkip}`);
}

const guest = new URL('../../fixtures/guest.bin', import.meta.url).pathname;
const [trixie, sid] = libvirts;
const OLD = 'pc-i440fx-7.2';
const NEW = 'pc-i440fx-8.2';

async function mstream(...args: string[]): Promise<void> {
  const { code, stderr } = await runMstream(exchange, args);
  if (code !== 0) throw new Error(`mstream ${args.join(' ')}: ${code}\n${stderr}`);
}

const bytesOf = (name: string): Buffer => readFileSync(join(exchange, name));

const formats = ['raw', 'gzip', 'zstd', 'sparse'] as const;
/** Formats that are read and rewritten, and not edited. A program that this machine lacks comes from the lab. */
const others = ['bzip2', 'xz', 'lzop'] as const;
if (libvirtSkip === undefined) {
  const folder = join(exchange, 'programs');
  mkdirSync(folder);
  const { root, binary } = trixie!;
  for (const program of others.filter((name) => spawnSync(name, ['--version']).error !== undefined))
    writeFileSync(
      join(folder, program),
      `#!/bin/sh\nexec '${binary.file}' --library-path '${binary.before![1]}' '${root}/usr/bin/${program}' "$@"\n`,
      { mode: 0o755 },
    );
  process.env['PATH'] = `${process.env['PATH']}:${folder}`;
}

/** A second in which the guest runs, on a machine that has much else to do. */
const WAIT = 'event d1 --event lifecycle --timeout 1';

/** Restored, looked at twice, ended. */
const restored = (name: string): string[] => [`restore /w/${name}`, LOOK, WAIT, LOOK, 'destroy d1'];

/** Each image that libvirt restores has two counters, the second larger. */
async function judge(libvirt: (typeof libvirts)[number], names: readonly string[], saved: number): Promise<void> {
  const said = await virsh(libvirt, names.flatMap(restored));
  const found = counters(said);
  expect(said).not.toMatch(/^error: (?!event loop)/m);
  expect(found).toHaveLength(2 * names.length);
  for (const [i] of names.entries()) {
    expect(found[2 * i]).toBeGreaterThanOrEqual(saved);
    expect(found[2 * i + 1]).toBeGreaterThan(found[2 * i]!);
  }
}

describe.skipIf(libvirtSkip !== undefined)('libvirt restores', () => {
  /** The counter before any image was saved. */
  let saved: number;

  beforeAll(async () => {
    copyFileSync(guest, join(exchange, 'guest.bin'));
    writeFileSync(join(exchange, 'old.xml'), domain(OLD));
    const said = await virsh(trixie!, [
      'define /w/old.xml',
      'start d1',
      LOOK,
      ...[...formats, ...others].flatMap((format) => [
        `save d1 /w/${format}.save --image-format ${format}${format === 'sparse' ? ' --parallel-channels 4' : ''}`,
        `restore /w/${format}.save`,
      ]),
      'destroy d1',
    ]);
    expect(said).not.toMatch(/^error: (?!event loop)/m);
    saved = counters(said)[0]!;
  });

  test('inspect, verify and get read every format; a cut image is an error', async () => {
    for (const format of [...formats, ...others]) {
      const file = `${format}.save`;
      const inspected = JSON.parse((await runMstream(exchange, ['inspect', '--json', file])).stdout) as {
        containers: { container: string }[];
      };
      expect([format, inspected.containers[0]!.container]).toEqual([format, 'libvirt']);
      expect(JSON.stringify(inspected)).toContain(OLD);
      expect([format, (await runMstream(exchange, ['verify', file])).code]).toEqual([format, 0]);
      expect([format, (await runMstream(exchange, ['get', file, 'globalstate.runstate'])).stdout]).toEqual([
        format,
        expect.stringMatching(/running|paused/),
      ]);
      const bytes = bytesOf(file);
      writeFileSync(join(exchange, 'cut.save'), bytes.subarray(0, bytes.length >> 1));
      const { code, stderr } = await runMstream(exchange, ['inspect', '-q', 'cut.save']);
      expect([format, code]).toEqual([format, 3]);
      expect(stderr).toMatch(/0x[0-9a-f]+/);
    }
  });

  test('every format comes out of rewrite as it went in', async () => {
    for (const format of [...formats, ...others]) {
      await mstream('rewrite', `${format}.save`, '-o', `same-${format}.save`, '-q');
      expect(bytesOf(`same-${format}.save`).equals(bytesOf(`${format}.save`))).toBe(true);
    }
  });

  test('what was edited and converted, in both libvirts', async () => {
    const names: string[] = [];
    const make = async (name: string, ...args: string[]): Promise<void> => {
      await mstream(args[0]!, args[1]!, '-o', name, ...args.slice(2), '-q');
      names.push(name);
    };
    for (const format of formats) {
      await make(`new-${format}.save`, 'rewrite', `${format}.save`, '--machine', NEW);
      const { stdout } = await runMstream(exchange, ['inspect', '--print-xml', `new-${format}.save`]);
      expect(stdout).toContain(`machine='${NEW}'`);
    }
    // A longer XML than the file has room for: a sparse image keeps its pages where they are.
    const { stdout: xml } = await runMstream(exchange, ['inspect', '--print-xml', '--show-secrets', 'raw.save']);
    const title = `<description>${'room '.repeat(15_000)}</description>`;
    writeFileSync(join(exchange, 'long.xml'), xml.trim().replace('</name>', `</name>${title}`));
    await make('long-raw.save', 'rewrite', 'raw.save', '--xml', 'long.xml');
    await make('long-sparse.save', 'rewrite', 'sparse.save', '--xml', 'long.xml');
    await make('raw-sparse.save', 'convert', 'raw.save', '--to', 'libvirt', '--format', 'sparse');
    await make('sparse-raw.save', 'convert', 'sparse.save', '--to', 'libvirt');
    await make('gzip-zstd.save', 'convert', 'gzip.save', '--to', 'libvirt', '--format', 'zstd');
    await make('zstd-sparse.save', 'convert', 'zstd.save', '--to', 'libvirt', '--format', 'sparse');
    await judge(trixie!, names, saved);
    await judge(sid!, names, saved);
  });

  test('the tutorial: a VM of the old libvirt, carried to the new one', async () => {
    const machine = 'pc-i440fx-11.1';
    const argv = [
      ...[
        'lab:11.1',
        '-machine',
        `${machine},usb=off,dump-guest-core=off,memory-backend=pc.ram,acpi=on`,
        '-accel',
        'tcg',
      ],
      ...['-cpu', 'qemu64', '-bios', guest, '-m', 'size=16384k', '-display', 'none', '-nodefaults', '-smp', '1'],
      ...['-object', 'memory-backend-ram,id=pc.ram,size=16777216', '-rtc', 'base=utc', '-boot', 'strict=on'],
    ];
    const document = readFileSync(new URL('../../docs/old-host-to-new.md', import.meta.url), 'utf8');
    const blocks = [...document.matchAll(/^ *```$([\s\S]*?)^ *```$/gm)].map(([, block]) => block!).join('');
    const commands = [...blocks.matchAll(/^ *mstream (.*)$/gm)].map(([, words]) => words!);
    expect(commands).toHaveLength(6);
    for (const format of ['raw', 'gzip']) {
      copyFileSync(join(exchange, `${format}.save`), join(exchange, 'vm.save'));
      for (const name of ['new.save', 'newer.save']) rmSync(join(exchange, name), { force: true });
      for (const command of commands) {
        // What the document leaves to its reader: the command line of the new QEMU.
        const [words, qemu] = command.split(' -- ');
        const [before, file] = words!.split(' > ');
        const args = [...before!.split(' '), ...(qemu === undefined ? [] : ['--', ...argv])];
        const { code, stdout, stderr } = await runMstream(exchange, args);
        if (code !== 0) throw new Error(`mstream ${command}: ${code}\n${stdout}${stderr}`);
        if (file !== undefined) writeFileSync(join(exchange, file), stdout);
      }
      expect(bytesOf('vm.save').equals(bytesOf(`${format}.save`))).toBe(true);
      const { stdout } = await runMstream(exchange, ['inspect', '--print-xml', 'newer.save']);
      expect(stdout).toContain(`machine='${machine}'`);
      copyFileSync(join(exchange, 'newer.save'), join(exchange, `moved-${format}.save`));
    }
    await judge(sid!, ['moved-raw.save', 'moved-gzip.save'], saved);
  });
});
