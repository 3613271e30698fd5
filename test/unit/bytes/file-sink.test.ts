// Files as sinks, with real files and /dev/full: whole or not at all, and nothing left behind.
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openFileSink } from '../../../src/bytes/node/file-sink.js';
import { Temporaries } from '../../../src/bytes/node/temporaries.js';

let folder: string;
let path: string;
let temporaries: Temporaries;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mstream-sink-'));
  path = join(folder, 'out');
  temporaries = new Temporaries();
});
afterEach(() => rmSync(folder, { recursive: true }));

const text = (string: string): Uint8Array => new TextEncoder().encode(string);

describe('openFileSink', () => {
  it('shows the file whole, at commit, with holes as zeros', async () => {
    const sink = await openFileSink(path, { temporaries });
    await sink.write(text('head'));
    await sink.skip(1_000_000);
    await sink.write(text('tail'));
    await sink.skip(3);
    expect(existsSync(path)).toBe(false);
    expect(readdirSync(folder)).toEqual([`out.${process.pid}.tmp`]);
    expect(temporaries.count).toBe(1);
    await sink.commit();
    expect(readdirSync(folder)).toEqual(['out']);
    expect(temporaries.count).toBe(0);
    const written = readFileSync(path);
    expect(
      written.equals(Buffer.concat([text('head'), new Uint8Array(1_000_000), text('tail'), new Uint8Array(3)])),
    ).toBe(true);
    expect(statSync(path).blocks * 512).toBeLessThan(500_000);
    await sink.abort();
    expect(existsSync(path)).toBe(true);
  });

  it('leaves nothing when it is given up, twice', async () => {
    const sink = await openFileSink(path, { temporaries });
    await sink.write(text('half'));
    await sink.abort();
    await sink.abort();
    expect(readdirSync(folder)).toEqual([]);
    expect(temporaries.count).toBe(0);
    await expect(sink.commit()).rejects.toMatchObject({ code: 'io' });
    await expect(sink.write(text('more'))).rejects.toMatchObject({ code: 'io' });
  });

  it('leaves nothing when a signal ends the process', async () => {
    const sink = await openFileSink(path, { temporaries });
    await sink.write(text('half'));
    temporaries.removeAll();
    expect(readdirSync(folder)).toEqual([]);
    await sink.abort();
  });

  it('refuses a file that is there, and one that appears meanwhile', async () => {
    writeFileSync(path, 'old');
    await expect(openFileSink(path, { temporaries })).rejects.toMatchObject({
      code: 'io',
      hint: { code: 'replace' },
      message: `${path} exists already`,
    });
    rmSync(path);
    const sink = await openFileSink(path, { temporaries });
    writeFileSync(path, 'theirs');
    await expect(sink.commit()).rejects.toMatchObject({ code: 'io', message: `${path} exists already` });
    await sink.abort();
    expect(readFileSync(path, 'utf8')).toBe('theirs');
    expect(readdirSync(folder)).toEqual(['out']);
  });

  it('refuses a link that points nowhere, even with force', async () => {
    symlinkSync(join(folder, 'nowhere'), path);
    await expect(openFileSink(path, { temporaries })).rejects.toMatchObject({ message: `${path} exists already` });
  });

  it('replaces with force, keeping permission bits and links', async () => {
    const real = join(folder, 'real');
    writeFileSync(real, 'old');
    chmodSync(real, 0o600);
    symlinkSync(real, path);
    const sink = await openFileSink(path, { force: true, temporaries });
    await sink.write(text('new'));
    expect(readFileSync(real, 'utf8')).toBe('old');
    await sink.commit();
    expect(readFileSync(real, 'utf8')).toBe('new');
    expect(readlinkSync(path)).toBe(real);
    expect(statSync(real).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).sort()).toEqual(['out', 'real']);
  });

  it('steps aside for a temporary of the same name', async () => {
    writeFileSync(`${path}.${process.pid}.tmp`, 'of somebody else');
    const sink = await openFileSink(path, { temporaries });
    await sink.write(text('ours'));
    await sink.commit();
    expect(readFileSync(path, 'utf8')).toBe('ours');
    expect(readFileSync(`${path}.${process.pid}.tmp`, 'utf8')).toBe('of somebody else');
  });

  it('says that the disk is full, and where', async () => {
    const sink = await openFileSink('/dev/full', { temporaries });
    await expect(sink.write(new Uint8Array(4096))).rejects.toMatchObject({
      code: 'io',
      offset: 0,
      message: 'cannot write /dev/full: no space left on device',
    });
    await sink.abort();
    expect(temporaries.count).toBe(0);
    expect(existsSync(`/dev/full.${process.pid}.tmp`)).toBe(false);
  });

  it('writes a device in place, zeros where a file would have a hole', async () => {
    const sink = await openFileSink('/dev/null', { temporaries });
    await sink.write(text('x'));
    await sink.skip(200_000);
    await sink.commit();
  });

  it.each([
    ['no/such/folder/out', /no such file or directory$/],
    ['', /it is a directory$/],
    ['x'.repeat(253), /name too long$/],
  ])('refuses %s', async (name, message) => {
    await expect(openFileSink(join(folder, name), { temporaries })).rejects.toMatchObject({
      code: 'io',
      message: expect.stringMatching(message) as string,
    });
    expect(readdirSync(folder)).toEqual([]);
  });
});
