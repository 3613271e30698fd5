// The package as a user gets it: packed from a copy of this repository, installed without a network in an empty folder,
// run, imported and type-checked from there.

import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
const folder = mkdtempSync(join(tmpdir(), 'mstream-package-'));
const stage = join(folder, 'stage');
const user = join(folder, 'user');
const installed = join(user, 'node_modules/qemu-mstream');
let packed: readonly { readonly path: string; readonly mode: number }[] = [];

/** The npm that runs these tests speaks to the npm below through the environment; a user's has no such whisperer. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(npm_|VITEST|NODE_OPTIONS|FORCE_COLOR)/i.test(name)),
);
const exec = promisify(execFile);
const run = (cwd: string, file: string, ...args: readonly string[]) =>
  exec(file, args, { cwd, env, maxBuffer: 2 ** 26 });
const mstream = (...args: readonly string[]) => run(user, join(user, 'node_modules/.bin/mstream'), ...args);

beforeAll(async () => {
  mkdirSync(stage);
  mkdirSync(user);
  for (const name of [
    'package.json',
    'tsconfig.json',
    'README.md',
    'LICENSE',
    'CHANGELOG.md',
    'bin',
    'src',
    'docs',
    'fixtures/example',
  ]) {
    cpSync(join(root, name), join(stage, name), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(stage, 'node_modules'));
  // Builds by `prepare`, as `npm ci` and `npm publish` do. Its output stands before the JSON.
  const { stdout } = await run(stage, 'npm', 'pack', '--json', '--pack-destination', folder);
  const report = JSON.parse(stdout.slice(stdout.search(/^[[{]$/m))) as PackReport;
  const [pack] = Array.isArray(report) ? report : Object.values(report);
  packed = pack?.files ?? [];
  writeFileSync(join(user, 'package.json'), JSON.stringify({ name: 'user', private: true, type: 'module' }));
  await run(
    user,
    'npm',
    'install',
    '--offline',
    '--no-audit',
    '--no-fund',
    '--cache',
    join(folder, 'cache'),
    join(folder, pack?.filename ?? ''),
  );
}, 300_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Pack {
  readonly filename: string;
  readonly files: typeof packed;
}
/** An array, or by name in npm 12. */
type PackReport = readonly Pack[] | Readonly<Record<string, Pack>>;

describe('the tarball', () => {
  const allowed = [
    /^(package\.json|README\.md|LICENSE|CHANGELOG\.md)$/,
    /^bin\/mstream\.js$/,
    /^dist\/(main|index|node|vmstate|verify|transplant|qmp)\.js(\.map)?$/,
    /^dist\/chunks\/[\w-]+\.js(\.map)?$/,
    /^dist\/third-party\.txt$/,
    /^dist\/types\/[\w/-]+\.d\.ts$/,
    /^docs\/([\w-]+|(containers|api)\/[\w-]+|adr\/\d{4}-[\w-]+)\.md$/,
    /^docs\/schema\/[\w-]+\.json$/,
    /^fixtures\/example\/state$/,
  ];

  test('holds what it should, and nothing else', () => {
    const paths = packed.map(({ path }) => path);
    expect(paths.filter((path) => !allowed.some((pattern) => pattern.test(path)))).toEqual([]);
    expect(allowed.filter((pattern) => !paths.some((path) => pattern.test(path)))).toEqual([]);
  });

  test('says nothing about the machine that made it', () => {
    const telltale = packed.filter(({ path }) => {
      const text = readFileSync(join(installed, path), 'latin1');
      return [folder, `${root}/`, `${homedir()}/`].some((place) => place.length > 5 && text.includes(place));
    });
    expect(telltale.map(({ path }) => path)).toEqual([]);
  });

  test('brings nothing else along, and runs nothing when installed', () => {
    const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as Manifest;
    expect(manifest.dependencies ?? {}).toEqual({});
    expect(Object.keys(manifest.scripts).filter((name) => /install/.test(name))).toEqual([]);
    expect(readdirSync(join(user, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual(['qemu-mstream']);
  });

  test('names the licence of everything in the bundle', () => {
    const sources = readdirSync(join(installed, 'dist'), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.map'))
      .flatMap(
        (path) => (JSON.parse(readFileSync(join(installed, 'dist', path), 'utf8')) as { sources: string[] }).sources,
      );
    const foreign = new Set(
      sources.flatMap((source) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1] ?? []),
    );
    const notices = readFileSync(join(installed, 'dist/third-party.txt'), 'utf8');
    expect(foreign.size).toBeGreaterThan(5);
    expect([...foreign].filter((name) => !notices.includes(`\n${name} `))).toEqual([]);
  });
});

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
}

describe('the command', () => {
  test('is executable, and knows its version', async () => {
    expect(statSync(join(installed, 'bin/mstream.js')).mode & 0o111).toBe(0o111);
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    expect((await mstream('--version')).stdout).toBe(`${version}\n`);
  });

  test('helps', async () => {
    expect((await mstream('--help')).stdout).toContain('mstream inspect [state]');
  });

  test('inspects the stream that comes with it', async () => {
    const { stdout, stderr } = await mstream('inspect', 'node_modules/qemu-mstream/fixtures/example/state');
    expect(stderr).toBe('');
    expect(stdout).toMatch(/QEMU migration stream, whole[^]*ignore-shared-4\.0/);
  });

  test('ends with the documented code when the input is none', async () => {
    await expect(mstream('inspect', 'package.json')).rejects.toMatchObject({ code: 3, stdout: '' });
  });
});

describe('the library', () => {
  test('exports files that are there, types first', () => {
    const { exports } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as Manifest;
    for (const target of Object.values(exports)) {
      if (typeof target === 'string') continue;
      expect(Object.keys(target)).toEqual(['types', 'default']);
      for (const path of Object.values(target)) expect(existsSync(join(installed, path))).toBe(true);
    }
  });

  test('reads a stream', async () => {
    const script = `
      import { openStream } from 'qemu-mstream';
      import { openFile } from 'qemu-mstream/node';
      import { QmpClient } from 'qemu-mstream/qmp';
      const stream = await openStream(await openFile('node_modules/qemu-mstream/fixtures/example/state'));
      for await (const event of stream.events()) if (event.kind === 'ram-blocks') console.log(event.layout.name);
      await stream.close();
      console.log(typeof QmpClient);`;
    const { stdout } = await run(user, process.execPath, '--input-type=module', '--eval', script);
    expect(stdout).toBe('ignore-shared-4.0\nfunction\n');
  });

  test('is closed but for its entries', async () => {
    const deep = run(user, process.execPath, '--input-type=module', '--eval', "import 'qemu-mstream/dist/main.js'");
    await expect(deep).rejects.toMatchObject({
      stderr: expect.stringContaining('ERR_PACKAGE_PATH_NOT_EXPORTED') as string,
    });
  });

  test('type-checks under nodenext, its own declarations included', async () => {
    symlinkSync(join(root, 'node_modules/@types'), join(user, 'node_modules/@types'));
    symlinkSync(join(root, 'node_modules/undici-types'), join(user, 'node_modules/undici-types'));
    const source = `
      import { MigrationStreamError, openStream, type RamBlockEntry, type StreamEvent } from 'qemu-mstream';
      import { openFile } from 'qemu-mstream/node';
      import { transplant } from 'qemu-mstream/transplant';
      import { predict } from 'qemu-mstream/verify';
      import { readDevices } from 'qemu-mstream/vmstate';
      import { QmpClient } from 'qemu-mstream/qmp';
      export async function blocks(path: string): Promise<readonly RamBlockEntry[]> {
        const stream = await openStream(await openFile(path));
        try {
          for await (const event of stream.events()) if (event.kind === 'ram-blocks') return event.blocks;
          return [];
        } catch (error) {
          if (error instanceof MigrationStreamError && error.code === 'truncated') return [];
          throw error;
        } finally {
          await stream.close();
        }
      }
      // @ts-expect-error: no such event
      export const wrong: StreamEvent['kind'] = 'blocks';
      export const functions = [predict, readDevices, transplant];
      export const client: QmpClient | undefined = undefined;`;
    writeFileSync(join(user, 'user.ts'), source);
    const options = {
      module: 'nodenext',
      target: 'es2022',
      lib: ['es2023'],
      strict: true,
      noEmit: true,
      skipLibCheck: false,
      types: ['node'],
    };
    writeFileSync(join(user, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['user.ts'] }));
    const outcome = await run(user, process.execPath, join(root, 'node_modules/typescript/bin/tsc'), '-p', '.').catch(
      (error: { stdout: string }) => error,
    );
    expect(outcome.stdout).toBe('');
  });
});

test('the top level of the repository', () => {
  const made = ['.git', 'node_modules', 'dist', 'coverage'];
  const there = readdirSync(root).filter((name) => !made.includes(name) && !name.endsWith('.tgz'));
  expect(there.sort()).toEqual(
    [
      '.ci',
      '.gitignore',
      '.npmrc',
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'bin',
      'docs',
      'fixtures',
      'package-lock.json',
      'package.json',
      'src',
      'test',
      'tsconfig.json',
    ].sort(),
  );
});
