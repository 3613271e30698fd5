// QEMU's own scripts/analyze-migration.py, out of Debian's source package: fetched with the machine's apt into a cache
// beside the lab, never part of the project. Runs it over many files in one Python. Imports qemu/lab.

import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { configuredArchives, SuiteApt } from '../../../src/qemu/lab-apt.js';
import { labFolder, qemuSkipReason } from '../../../src/qemu/lab.js';

const run = promisify(execFile);

/** The stable one: its script stays what it is (10.0), and reads the descriptions of all releases. */
const SUITE = 'trixie';
const SCRIPT = 'scripts/analyze-migration.py';
/** Milliseconds; bytes of output. */
const LIMITS = { timeout: 120_000, maxBuffer: 256 * 1024 * 1024 };

/** What the script prints: text for numbers and bytes, booleans, tables, arrays. */
export type Printed = string | boolean | readonly Printed[] | { readonly [name: string]: Printed };

/** Of one file: what it printed, or why it did not. */
export interface Analysis {
  readonly file: string;
  /** By `NAME (SECTION ID)`, in the order of the stream. */
  readonly state?: Readonly<Record<string, Printed>>;
  readonly error?: string;
}

/** The script's path, or why it cannot be had. */
export async function analyzeScript(): Promise<{ readonly path: string } | { readonly reason: string }> {
  const off = qemuSkipReason();
  if (off !== undefined) return { reason: off };
  const python = await run('python3', ['-c', 'pass'], LIMITS).then(() => undefined, String);
  if (python !== undefined) return { reason: `python3 does not run: ${python}` };
  const folder = join(dirname(labFolder()), 'analyze-migration');
  const path = join(folder, `${SUITE}.py`);
  if (
    await stat(path).then(
      () => true,
      () => false,
    )
  )
    return { path };
  try {
    await fetchScript(folder, path);
    return { path };
  } catch (error) {
    return {
      reason: `QEMU's source package could not be had: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`,
    };
  }
}

async function fetchScript(folder: string, path: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const work = await mkdtemp(join(folder, `${SUITE}-`));
  try {
    const apt = new SuiteApt(SUITE, join(work, 'apt'));
    await apt.update(await configuredArchives(), 'deb-src');
    const tarball = await apt.downloadTarball('qemu', work);
    await run('tar', ['-xf', tarball, '-C', work, '--wildcards', `*/${SCRIPT}`], LIMITS);
    const [top] = (await readdir(work, { withFileTypes: true })).filter(
      (entry) => entry.isDirectory() && entry.name !== 'apt',
    );
    if (top === undefined) throw new Error(`${tarball} has no ${SCRIPT}`);
    await copyFile(join(work, top.name, SCRIPT), join(work, 'script'));
    // Whole or not at all: others may be looking.
    await rename(join(work, 'script'), path);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Runs the script as its user would, once a file; it reads its arguments and prints at the top level of the module. */
const driver = `
import contextlib, io, json, sys
script, files, target = sys.argv[1], sys.argv[2:-1], open(sys.argv[-1], 'w')
code = compile(open(script).read(), script, 'exec')
for file in files:
    printed, result = io.StringIO(), {'file': file}
    sys.argv = [script, '-f', file]
    try:
        with contextlib.redirect_stdout(printed):
            exec(code, {'__name__': 'analyze_migration'})
        result['state'] = json.loads(printed.getvalue())
    except Exception as error:
        cause = error.__context__ or error
        result['error'] = f'{type(cause).__name__}: {cause}'
    print(json.dumps(result), file=target)
`;

/** What it makes of each file, in their order. */
export async function analyze(script: string, files: readonly string[]): Promise<Analysis[]> {
  const folder = await mkdtemp(join(tmpdir(), 'mstream-analyze-'));
  try {
    const target = join(folder, 'results');
    await run('python3', ['-c', driver, script, ...files, target], LIMITS);
    return (await readFile(target, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Analysis);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
