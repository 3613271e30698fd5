// A private apt for one Debian suite, with separate lists, status and cache. The archive's address and key come from
// the machine's apt configuration. Nothing is installed, and no root is needed. Unpacked packages count as installed,
// so later packages bring only what is missing.

import { execFile } from 'node:child_process';
import { appendFile, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const exec = promisify(execFile);

/** Fetching the index of a suite, or its packages, may take minutes on a slow line. Milliseconds. */
const APT_TIMEOUT = 15 * 60_000;

const MAX_OUTPUT = 64 * 1024 * 1024;

async function run(file: string, words: readonly string[], cwd?: string): Promise<string> {
  try {
    const { stdout } = await exec(file, words, {
      cwd,
      timeout: APT_TIMEOUT,
      maxBuffer: MAX_OUTPUT,
      env: { ...process.env, LC_ALL: 'C' },
    });
    return stdout;
  } catch (error) {
    const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    const lines = stderr.split('\n').filter((line) => /^(E|Err|W):?/.test(line));
    throw new Error(`${file}: ${lines.length > 0 ? lines.join('; ') : stderr || String(error)}`, { cause: error });
  }
}

/** An archive that the machine's apt uses, and the key that signs it. */
export interface Archive {
  readonly uri: string;
  readonly signedBy: string | undefined;
}

/** One-line entries: `deb [signed-by=KEY] URI SUITE COMPONENTS`. */
function listEntries(text: string): Archive[] {
  return text.split('\n').flatMap((line) => {
    const entry = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+\S+\s+.*\bmain\b/.exec(line);
    if (entry?.[2] === undefined) return [];
    return [{ uri: entry[2], signedBy: /signed-by=(\S+)/.exec(entry[1] ?? '')?.[1] }];
  });
}

/** deb822 entries, stanzas between empty lines. */
function sourcesEntries(text: string): Archive[] {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const field = (name: string): string | undefined =>
      new RegExp(`^${name}:\\s*(\\S.*)$`, 'im').exec(stanza)?.[1]?.trim();
    if (
      !/\bdeb\b/.test(field('Types') ?? '') ||
      !/\bmain\b/.test(field('Components') ?? '') ||
      field('Enabled') === 'no'
    )
      return [];
    const key = field('Signed-By');
    return (field('URIs') ?? '')
      .split(/\s+/)
      .filter(Boolean)
      .map((uri) => ({ uri, signedBy: key?.startsWith('/') === true ? key : undefined }));
  });
}

/** The archives of the machine's apt configuration that can hold Debian's suites, without the security archives. */
export async function configuredArchives(): Promise<Archive[]> {
  const dump = await run('apt-config', ['dump']);
  const setting = (key: string, otherwise: string): string =>
    new RegExp(`^${key} "([^"]*)";`, 'm').exec(dump)?.[1] ?? otherwise;
  const etc = join(setting('Dir', '/'), setting('Dir::Etc', 'etc/apt'));
  const parts = join(etc, setting('Dir::Etc::sourceparts', 'sources.list.d'));
  const names = (await readdir(parts).catch(() => [])).sort().map((name) => join(parts, name));
  const found: Archive[] = [];
  for (const file of [join(etc, setting('Dir::Etc::sourcelist', 'sources.list')), ...names]) {
    const text = await readFile(file, 'utf8').catch(() => '');
    found.push(...(file.endsWith('.sources') ? sourcesEntries(text) : listEntries(text)));
  }
  const debian = found.filter(({ uri }) => /debian/i.test(uri) && !/security/i.test(uri));
  return debian.filter(
    (archive, index) =>
      debian.findIndex(({ uri }) => uri.replace(/\/$/, '') === archive.uri.replace(/\/$/, '')) === index,
  );
}

/** Apart from `/`, apt's configuration language requires an escape only for the quote. */
function quoted(text: string): string {
  return `"${text.replaceAll('"', '')}"`;
}

export class SuiteApt {
  readonly suite: string;
  readonly folder: string;
  readonly #conf: string;

  constructor(suite: string, folder: string) {
    this.suite = suite;
    this.folder = folder;
    this.#conf = join(folder, 'apt.conf');
  }

  /**
   * Sets up the private state and fetches the suite's index (of packages, or of sources) from the first archive that
   * has it.
   * @throws Error with the answer of each archive.
   */
  async update(archives: readonly Archive[], index: 'deb' | 'deb-src' = 'deb'): Promise<void> {
    const folder = this.folder;
    for (const name of ['lists/partial', 'cache/archives/partial', 'empty'])
      await mkdir(join(folder, name), { recursive: true });
    await writeFile(join(folder, 'status'), '', { flag: 'a' });
    await writeFile(
      this.#conf,
      [
        '#clear APT::Update::Pre-Invoke;',
        '#clear APT::Update::Post-Invoke;',
        '#clear APT::Update::Post-Invoke-Success;',
        '#clear DPkg::Pre-Invoke;',
        '#clear DPkg::Post-Invoke;',
        '#clear Dir::Etc;',
        `Dir::State ${quoted(folder)};`,
        `Dir::State::status ${quoted(join(folder, 'status'))};`,
        `Dir::State::lists ${quoted(join(folder, 'lists'))};`,
        `Dir::Cache ${quoted(join(folder, 'cache'))};`,
        `Dir::Cache::archives ${quoted(join(folder, 'cache/archives'))};`,
        `Dir::Log ${quoted(folder)};`,
        `Dir::Etc::sourcelist ${quoted(join(folder, 'sources.list'))};`,
        `Dir::Etc::sourceparts ${quoted(join(folder, 'empty'))};`,
        `Dir::Etc::preferencesparts ${quoted(join(folder, 'empty'))};`,
        'APT::Sandbox::User "";',
        'Acquire::Languages "none";',
        // The index of an archived suite is past its expiry date; its signature is still checked.
        'Acquire::Check-Valid-Until "false";',
        'APT::Get::List-Cleanup "false";',
        'Debug::NoLocking "true";',
      ].join('\n') + '\n',
    );
    const refusals: string[] = [];
    for (const { uri, signedBy } of archives) {
      await writeFile(
        join(folder, 'sources.list'),
        `${index} ${signedBy === undefined ? '' : `[signed-by=${signedBy}] `}${uri} ${this.suite} main\n`,
      );
      try {
        await run('apt-get', ['-c', this.#conf, '--error-on=any', 'update']);
        return;
      } catch (error) {
        refusals.push(error instanceof Error ? error.message : String(error));
      }
    }
    throw new Error(
      refusals.length === 0 ? 'the apt configuration of this machine names no Debian archive' : refusals.join('\n'),
    );
  }

  /** The version that would be installed; undefined when the suite does not have the package. */
  async candidate(name: string): Promise<string | undefined> {
    const said = await run('apt-cache', ['-c', this.#conf, 'policy', name]);
    const version = /Candidate: (\S+)/.exec(said)?.[1];
    return version === '(none)' ? undefined : version;
  }

  /**
   * Downloads the upstream tarball of a source package into `into`; call `update` with `deb-src` first. @throws Error
   * with apt's words.
   */
  async downloadTarball(name: string, into: string): Promise<string> {
    await run('apt-get', ['-c', this.#conf, 'source', '--download-only', '--tar-only', '-q', name], into);
    const found = (await readdir(into)).find((file) => file.startsWith(`${name}_`) && file.includes('.orig.tar.'));
    if (found === undefined) throw new Error(`the source package ${name} of ${this.suite} has no upstream tarball`);
    return join(into, found);
  }

  /** Downloads packages and their missing dependencies, unpacks them into `root`, and deletes the archives. */
  async unpack(packages: readonly string[], root: string): Promise<string[]> {
    await run('apt-get', [
      '-c',
      this.#conf,
      'install',
      '--download-only',
      '--no-install-recommends',
      '-y',
      '-q',
      ...packages,
    ]);
    const archives = join(this.folder, 'cache/archives');
    const files = (await readdir(archives)).filter((name) => name.endsWith('.deb'));
    await mkdir(root, { recursive: true });
    for (const name of files) {
      const file = join(archives, name);
      await run('dpkg-deb', ['-x', file, root]);
      const control = (await run('dpkg-deb', ['-f', file])).trimEnd();
      await appendFile(
        join(this.folder, 'status'),
        `${control.replace(/^(Package: .*)$/m, '$1\nStatus: install ok installed')}\n\n`,
      );
      await rm(file);
    }
    return files;
  }
}
