// `mstream profile` as a user runs it: the document in a file and on stdout, the text, refusals and failures with their
// exit codes. Imports support.
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { parseProfile } from '../../src/destination/document.js';
import { onQemu, tinyMachine } from './support/qemus.js';
import { runMstream } from './support/run-mstream.js';

const schema = (name: string): object =>
  JSON.parse(readFileSync(new URL(`../../docs/schema/${name}.json`, import.meta.url), 'utf8')) as object;
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
ajv.addSchema(schema('common'));
const fits = ajv.compile(schema('profile'));

const folder = mkdtempSync(join(tmpdir(), 'mstream-profile-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => writeFileSync(join(folder, 'disk'), Buffer.alloc(1 << 20)));

const mstream = (...args: string[]): ReturnType<typeof runMstream> => runMstream(folder, args);

onQemu('7.2', 'mstream profile', () => {
  const qemu = [
    '--',
    'lab:7.2',
    ...tinyMachine,
    '-drive',
    'file=disk,format=raw,if=none,id=d',
    '-netdev',
    'tap,id=n',
    '-device',
    'virtio-net-pci,netdev=n,romfile=',
  ];

  test('into a file, and what it is as text', async () => {
    const { code, stdout, stderr } = await mstream('profile', '-o', 'p.json', ...qemu);
    expect([code, stderr]).toEqual([0, '']);
    const text = readFileSync(join(folder, 'p.json'), 'utf8');
    const profile = parseProfile(text);
    expect(fits(JSON.parse(text)), ajv.errorsText(fits.errors)).toBe(true);
    expect(profile.argv).toEqual(qemu.slice(2));
    expect(stdout).toMatch(/machine +pc-i440fx-7\.2\n/);
    expect(stdout).toMatch(/pc\.ram +2 MiB +4 KiB +0x0 +yes +no\n/);
    expect(stdout).toContain(
      '-drive file=disk,format=raw,if=none,id=d\n    became -drive if=none,id=d,driver=null-co,size=1048576,read-zeroes=on (no image is opened',
    );
    expect(stdout).toMatch(/but virtio-net offers no offloads/);
    // Never over a file that is there.
    expect(await mstream('profile', '-o', 'p.json', ...qemu)).toMatchObject({ code: 3 });
    expect(readdirSync(folder).sort()).toEqual(['disk', 'p.json']);
  });

  test('on stdout, in ASCII', async () => {
    for (const how of [['--json'], ['-o', '-']]) {
      const { code, stdout } = await mstream('profile', ...how, ...qemu);
      expect(code).toBe(0);
      expect(stdout).not.toMatch(/[^\x20-\x7e\n]/);
      expect(fits(JSON.parse(stdout)), ajv.errorsText(fits.errors)).toBe(true);
    }
  });

  test('refused, unusable, missing', async () => {
    const refused = await mstream(
      'profile',
      '-o',
      'x.json',
      '--',
      'lab:7.2',
      '-device',
      'vfio-pci,host=1',
      '-readconfig',
      'vm',
    );
    expect([refused.code, refused.stdout]).toEqual([1, '']);
    expect(refused.stderr).toContain('-device vfio-pci,host=1: it is a device of the host; -readconfig vm:');
    const wrong = await mstream('profile', '--', 'lab:7.2', '-M', 'no-such-machine');
    expect(wrong.code).toBe(4);
    expect(wrong.stderr).toContain('unsupported machine type');
    expect(await mstream('profile', '--', './no-qemu')).toMatchObject({ code: 4 });
    expect(await mstream('profile')).toMatchObject({ code: 2 });
    expect(readdirSync(folder)).not.toContain('x.json');
  });
});
