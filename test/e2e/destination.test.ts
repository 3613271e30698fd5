// One answer for verify, profile and transplant: a transplant against a profile, features that are compared before
// anything is tried, and a QEMU whose -dump-vmstate dies (a wrapper around a real QEMU).
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { wordsFor } from '../../src/qemu/binary.js';
import { edited } from '../support/edits.js';
import { saveDonorFile } from './support/donors.js';
import { fileOf, folder, load, pc, qemu, save, skip } from './support/loads.js';
import { runMstream } from './support/run-mstream.js';

if (skip !== undefined) test.skip(`destinations: ${skip}`);

const mstream = (...args: string[]): ReturnType<typeof runMstream> => runMstream(folder, args);

/** A QEMU of the lab as one executable, which dies where `pattern` is one of its words. */
function wrapper(release: string, pattern: string): string {
  const { binary } = qemu(release);
  const word = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
  const file = join(folder, `wrapper-${release}-${pattern === '*' ? 'all' : 'dump'}`);
  const env = Object.entries(binary.env).map(([name, value]) => `export ${name}=${word(value)}`);
  const [, ...data] = wordsFor({ ...binary, before: [] }, ['']);
  writeFileSync(
    file,
    [
      '#!/bin/sh',
      ...env,
      'for word; do case "$word" in',
      `${pattern}) echo 'Only modules from the same build can be loaded.' >&2; exit 134;;`,
      'esac; done',
      `exec ${[binary.file, ...binary.before].map(word).join(' ')} "$@" ${data.map(word).join(' ')}`,
      '',
    ].join('\n'),
  );
  chmodSync(file, 0o755);
  return file;
}

describe.skipIf(skip !== undefined)('a QEMU whose -dump-vmstate dies', () => {
  const note =
    /-dump-vmstate gave nothing, so what this QEMU could load .* is not known: [^]*Only modules from the same/;
  let dying: string;
  let state: string;

  beforeAll(async () => {
    dying = wrapper('10.0', '-dump-vmstate');
    state = await save('10.0', pc('pc'));
  });

  test('profile goes on, and says what is not known', async () => {
    const { code, stdout, stderr } = await mstream('profile', '--json', '--', dying, ...pc('pc'));
    expect([code, stderr]).toEqual([0, '']);
    const profile = JSON.parse(stdout) as {
      vmstate: unknown;
      devices: unknown[];
      notes: string[];
      known: Record<string, string>;
    };
    expect(profile.vmstate).toEqual({ types: {}, vmsds: [] });
    expect(profile.known['vmstate']).toBe('unknown');
    expect(profile.devices.length).toBeGreaterThan(30);
    expect(profile.notes).toEqual([expect.stringMatching(note)]);
  });

  test('verify predicts from the rest', async () => {
    const { code, stdout, stderr } = await mstream('verify', state, '--', dying, ...pc('pc'));
    expect(stderr).toMatch(note);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect([code, stdout]).toEqual([0, expect.stringContaining('loads')]);
  });

  test('transplant carries by what the donor shows', async () => {
    const { code, stdout, stderr } = await mstream('transplant', state, '-o', 'dying', '--', dying, ...pc('pc'));
    expect(stderr).toMatch(note);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/trial {2}passed/)]);
  });

  test('a QEMU that only dies: exit 4 with its words', async () => {
    const all = wrapper('10.0', '*');
    for (const args of [['profile'], ['verify', state], ['transplant', state, '-o', 'never']]) {
      const { code, stderr } = await mstream(...args, '--', all, ...pc('pc'));
      expect([code, stderr]).toEqual([4, expect.stringContaining('Only modules from the same build can be loaded.')]);
      expect(stderr).not.toMatch(/\n\s+at /);
    }
  });
});

describe.skipIf(skip !== undefined)('mstream transplant --against', () => {
  const disk = ['-blockdev', 'driver=null-co,node-name=d,read-zeroes=on'];
  const card = (options = ''): string[] => [...disk, '-device', `virtio-blk-pci,drive=d,addr=4${options}`];
  let plain: string;
  /** Its guest uses VIRTIO_BLK_F_DISCARD. */
  let discarding: string;

  beforeAll(async () => {
    plain = await save('7.2', pc('pc'));
    const bytes = readFileSync(await save('7.2', pc('pc', ...card())));
    discarding = fileOf(
      (
        await edited(bytes, [
          { edit: 'set', path: '0000:00:04.0/virtio-blk.virtio.guest_features_lo', value: '0x2000' },
        ])
      ).bytes,
    );
  });

  const profile = async (name: string, ...argv: string[]): Promise<void> =>
    expect(await mstream('profile', '-o', name, '--', 'lab:11.1', ...argv)).toMatchObject({ code: 0 });

  test('a profile: the result loads, and runs on', async () => {
    await profile('p11.json', ...pc('pc'));
    expect(statSync(join(folder, 'p11.json')).mode & 0o777).toBe(0o600);
    const { code, stdout, stderr } = await mstream('transplant', plain, '-o', 'against', '--against', 'p11.json');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^pc-i440fx-7\.2 -> pc-i440fx-11\.1: assumed\n/);
    expect(stdout).toMatch(/trial {2}not tried: no QEMU was at hand/);
    expect(
      await load({ release: '11.1', argv: pc('pc'), stream: readFileSync(join(folder, 'against')) }),
    ).toMatchObject({ loaded: true, ran: true });
    // The same as with the QEMU itself.
    await mstream('transplant', plain, '-o', 'asked', '--', 'lab:11.1', ...pc('pc'));
    expect(readFileSync(join(folder, 'against')).equals(readFileSync(join(folder, 'asked')))).toBe(true);
  });

  test('the CPU of the profile', async () => {
    const { code, stdout } = await mstream(
      ...['transplant', plain, '--dry-run', '--against', 'p11.json', '--source-cpu', 'max'],
    );
    expect([code, stdout]).toEqual([1, expect.stringContaining('the source had max, the destination has qemu64')]);
  });

  test('a profile without its save, and an old profile, say what is missing', async () => {
    const document = JSON.parse(readFileSync(join(folder, 'p11.json'), 'utf8')) as Record<string, unknown>;
    const { save: _, ...old } = document;
    writeFileSync(join(folder, 'old.json'), JSON.stringify(old));
    const first = await mstream('transplant', plain, '-o', 'x', '--against', 'old.json');
    expect([first.code, first.stderr]).toEqual([1, expect.stringContaining('make the profile again')]);
    await profile(
      'unsaved.json',
      ...pc('pc', '-device', 'ivshmem-plain,memdev=m', '-object', 'memory-backend-ram,id=m,size=1M,share=on'),
    );
    const second = await mstream('transplant', plain, '-o', 'x', '--against', 'unsaved.json');
    expect([second.code, second.stderr]).toEqual([1, expect.stringContaining('cannot save itself')]);
  });

  const refused = /conflict 0000:00:04\.0\/virtio-blk\.virtio\.guest_features: VIRTIO_BLK_F_DISCARD[^]*does not offer/;

  test('features, against a profile', async () => {
    await profile('less.json', ...pc('pc', ...card(',discard=off,write-zeroes=off')));
    const less = await mstream('transplant', discarding, '-o', 'x', '--against', 'less.json');
    expect([less.code, less.stdout]).toEqual([1, expect.stringMatching(refused)]);
    await profile('full.json', ...pc('pc', ...card()));
    const full = await mstream('transplant', discarding, '-o', 'full', '--against', 'full.json');
    expect([full.code, full.stdout]).toEqual([0, expect.not.stringContaining('features')]);
  });

  test('features, with a QEMU and --no-trial', async () => {
    const argv = pc('pc', ...card(',discard=off'));
    const without = await mstream('transplant', discarding, '--dry-run', '--no-trial', '--', 'lab:11.1', ...argv);
    expect([without.code, without.stdout]).toEqual([1, expect.stringMatching(refused)]);
    // Refused before it is tried.
    const tried = await mstream('transplant', discarding, '--dry-run', '--', 'lab:11.1', ...argv);
    expect([tried.code, tried.stdout]).toEqual([1, expect.stringMatching(/not tried: it would be refused anyway/)]);
  });

  test('features, onto a donor, as far as it tells', async () => {
    const donor = (options?: string): Promise<string> => saveDonorFile('11.1', pc('pc', ...card(options)));
    const less = await mstream(
      ...['transplant', discarding, '-o', 'x', '--onto', await donor(',discard=off,write-zeroes=off')],
    );
    expect([less.code, less.stdout]).toEqual([1, expect.stringMatching(refused)]);
    const full = await mstream('transplant', discarding, '--dry-run', '--onto', await donor());
    expect(full.stdout).toMatch(/unchecked 0000:00:04\.0\/virtio-blk\.virtio\.guest_features: VIRTIO_BLK_F_DISCARD/);
  });
});
