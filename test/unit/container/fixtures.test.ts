// Real containers: images that the QEMUs of the lab saved into, files of the compressors and of tar
// (fixtures/containers), and images that libvirt wrote (MSTREAM_SHARED). inspect, verify and get on all of them; each
// damaged, with the place in the stream and in the container.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { nodeDecompressors } from '../../../src/bytes/node/decompressors.js';
import { memorySource } from '../../../src/bytes/source.js';
import { openContainers, type Nest } from '../../../src/container/open.js';
import { mstream } from '../../support/fake-host.js';
import { fixtureBytes } from '../../support/fixtures.js';

const own = join(import.meta.dirname, '../../../fixtures/containers');
const shared = join(
  process.env['MSTREAM_SHARED'] ?? join(import.meta.dirname, '../../../../shared'),
  'fixtures/containers',
);
const programs = new Set(['bz2', 'xz', 'zst', 'lz4', 'lzo']);
const programOf: Readonly<Record<string, string>> = { bz2: 'bzip2', xz: 'xz', zst: 'zstd', lz4: 'lz4', lzo: 'lzop' };
const missing = [...programs].filter((suffix) => spawnSync(programOf[suffix]!, ['--version']).error !== undefined);

interface Real {
  readonly name: string;
  readonly bytes: Buffer;
  /** Tag of the snapshot. */
  readonly tag: string | undefined;
  readonly containers: readonly string[];
}

/** With a packed image or archive taken out of its .gz, which only keeps it small. */
function ours(): Real[] {
  return readdirSync(own).flatMap((file): Real[] => {
    const bytes = readFileSync(join(own, file));
    const name = file.replace(/\.gz$/, '');
    if (name.endsWith('.qcow2')) {
      const tags = name.includes('-data') ? ['first', 'second'] : ['s1'];
      const image = gunzipSync(bytes);
      return tags.map((tag) => ({ name, bytes: image, tag, containers: ['qcow2'] }));
    }
    if (name.endsWith('.tar')) return [{ name, bytes: gunzipSync(bytes), tag: undefined, containers: ['tar'] }];
    const suffix = file.split('.').at(-1)!;
    if (missing.includes(suffix)) {
      console.info(`skipped: ${file}, since the program ${programOf[suffix]!} is not installed`);
      return [];
    }
    return [{ name: file, bytes, tag: undefined, containers: ['compression'] }];
  });
}

function libvirts(): Real[] {
  if (!existsSync(shared)) {
    console.info('skipped: images that libvirt wrote (MSTREAM_SHARED names the folder of large fixtures)');
    return [];
  }
  return readdirSync(shared).map((file) => {
    const { stdout, error } = spawnSync('xz', ['-dc', join(shared, file)], { maxBuffer: 1 << 28 });
    if (error !== undefined) throw error;
    const name = file.replace(/\.xz$/, '');
    const containers = name.endsWith('.qcow2')
      ? ['qcow2']
      : name === 'gz.sav'
        ? ['libvirt', 'compression']
        : ['libvirt'];
    return { name, bytes: stdout, tag: undefined, containers };
  });
}

/** Codes of the notes. */
const notesOf: Readonly<Record<string, readonly string[]>> = {
  'v-part.sav': ['unfinished'],
  'ext-t.sav': ['format-lies'],
  'gnu.tar': ['first-state'],
  'pax.tar': ['first-state'],
};

const all = [...ours(), ...libvirts()];
const title = ({ name, tag }: Real): string => (tag === undefined ? name : `${name}#${tag}`);
const rows = all.map((real) => [title(real), real] as const);

async function open({ bytes, tag }: Real): Promise<Nest> {
  return openContainers(memorySource(bytes), { decompressors: nodeDecompressors, snapshot: tag });
}

async function plainOf(real: Real): Promise<Buffer> {
  const { inner } = await open(real);
  const parts: Uint8Array[] = [];
  for (let at = 0; ; at += parts.at(-1)!.length) {
    const part = new Uint8Array(1 << 16);
    const got = await inner.read(part, at);
    if (got === 0) break;
    parts.push(part.subarray(0, got));
  }
  await inner.close();
  return Buffer.concat(parts);
}

interface Said {
  readonly complete: boolean;
  readonly sections: readonly {
    readonly section?: { readonly idstr: string };
    readonly span: { readonly start: number };
  }[];
  readonly containers: readonly { readonly container: string; readonly notes: readonly { readonly code: string }[] }[];
  readonly error: null | {
    readonly code: string;
    readonly offset?: number;
    readonly outer?: readonly { readonly container: string; readonly offset?: number; readonly before?: true }[];
  };
}

async function inspected(bytes: Uint8Array, tag: string | undefined): Promise<Said & { readonly code: number }> {
  const args = ['inspect', '--json', 'x', ...(tag === undefined ? [] : ['--snapshot', tag])];
  const { stdout, stderr, code } = await mstream(args, { files: { x: bytes } });
  expect(stdout, stderr).not.toBe('');
  return { ...(JSON.parse(stdout) as Said), code };
}

describe('inspect, verify and get of', () => {
  test.each(rows)('%s', async (_title, real) => {
    const { bytes, tag, containers } = real;
    const said = await inspected(bytes, tag);
    expect(said).toMatchObject({ code: 0, complete: true, error: null });
    expect(said.containers.map(({ container }) => container)).toEqual(containers);
    expect(said.containers.flatMap(({ notes }) => notes.map(({ code }) => code))).toEqual(notesOf[real.name] ?? []);
    const files = { x: bytes };
    const state = tag === undefined ? 'x' : `x#${tag}`;
    const verified = await mstream(['verify', state], { files });
    expect(verified.stdout).toMatch(/^in /);
    expect(verified.stdout).toMatch(new RegExp(`^${state}: sound`, 'm'));
    expect(verified.code).toBe(0);
    const got = await mstream(['get', state, 'globalstate.runstate'], { files });
    const bare = await mstream(['get', 'plain', 'globalstate.runstate'], { files: { plain: await plainOf(real) } });
    expect(got.stdout).toBe(bare.stdout);
    expect(got.stdout).toMatch(/^(paused|prelaunch)\n$/);
    expect(got.stderr).toMatch(/^in /);
    expect(got.code).toBe(0);
  });
});

test('what the packers packed comes out', async () => {
  const plain = Buffer.from(fixtureBytes('10.0.13-plain'));
  for (const real of all.filter(
    ({ containers }) => ['tar', 'compression'].includes(containers[0]!) && containers.length === 1,
  ))
    expect((await plainOf(real)).equals(plain), real.name).toBe(true);
});

describe('one byte of the stream changed: one typed error, its offset there and in the container', () => {
  // Compressed data fail in their own way, below.
  test.each(rows.filter(([, { containers }]) => !containers.includes('compression')))('%s', async (_title, real) => {
    const plain = await plainOf(real);
    const { sections } = await inspected(real.bytes, real.tag);
    // Its type byte: nothing can be made of another.
    const inner = sections.find(({ section }) => section?.idstr === 'timer')!.span.start;
    const context = plain.subarray(inner - 24, inner + 24);
    const found = real.tag === 'second' ? real.bytes.lastIndexOf(context) : real.bytes.indexOf(context);
    expect(found).toBeGreaterThan(0);
    const damaged = Buffer.from(real.bytes);
    damaged[found + 24] = 0x55;
    const { error, code } = await inspected(damaged, real.tag);
    expect(code).toBe(3);
    const place = found + 24;
    expect(error).toMatchObject({ code: 'bad-section-type', offset: inner, outer: [{ offset: place }] });
    const { stdout } = await mstream(['verify', real.tag === undefined ? 'x' : `x#${real.tag}`], {
      files: { x: damaged },
    });
    expect(stdout).toContain(`at 0x${place.toString(16)} of it`);
  });
});

describe('cut in the middle: what was read, one typed error, and where the file ends', () => {
  test.each(rows)('%s', async (_title, real) => {
    const cut = Math.floor(real.bytes.length * 0.4);
    const args = ['inspect', '--json', 'x', ...(real.tag === undefined ? [] : ['--snapshot', real.tag])];
    const { stdout, stderr, code } = await mstream(args, { files: { x: real.bytes.subarray(0, cut) } });
    expect(code).toBe(3);
    if (stdout === '') {
      // The container's own structure is gone.
      expect(stderr).toMatch(/^(truncated|bad-container|not-a-stream): .*\n {2}at 0x/);
      return;
    }
    const { error } = JSON.parse(stdout) as Said;
    expect(['truncated', 'bad-container']).toContain(error!.code);
    expect(error!.offset).toBeGreaterThan(0);
    for (const { offset } of error!.outer!) expect(offset).toBeLessThanOrEqual(cut);
  });
});

test('gzip data whose checksum is cut off: everything is shown, and the cut is said', async () => {
  const bytes = readFileSync(join(own, 'state.gz'));
  for (const cut of [8, 1]) {
    const { error, complete, code } = await inspected(bytes.subarray(0, -cut), undefined);
    expect({ complete, code }).toEqual({ complete: true, code: 3 });
    expect(error).toMatchObject({
      code: 'truncated',
      outer: [{ container: 'gzip data', offset: bytes.length - cut, before: true }],
    });
  }
});
