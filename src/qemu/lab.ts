// The lab: several QEMU releases side by side, unpacked from Debian's suites into a private cache, without root and
// without changes to the system. The lab is cached, safe under concurrent use, and reports everything that it could not
// get.

import { link, mkdir, readFile, readdir, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { binaryVersion, type QemuBinary } from './binary.js';
import { configuredArchives, SuiteApt, type Archive } from './lab-apt.js';
import { until } from './qmp/wait.js';

/** The suites, and the release that each provides. */
export const labSuites = [
  { suite: 'bullseye', wanted: '5.2' },
  { suite: 'bookworm', wanted: '7.2' },
  { suite: 'trixie', wanted: '10.0' },
  { suite: 'sid', wanted: '11.1' },
] as const;

export type Suite = (typeof labSuites)[number]['suite'];

/** The packages that hold `qemu-system-<target>`; the first that a suite has is used (sid splits `misc` up). */
const targetPackages: Readonly<Record<string, readonly string[]>> = {
  x86_64: ['qemu-system-x86'],
  aarch64: ['qemu-system-arm'],
  ppc64: ['qemu-system-ppc'],
  riscv64: ['qemu-system-riscv', 'qemu-system-misc'],
  s390x: ['qemu-system-s390x', 'qemu-system-misc'],
};

/** Without these packages QEMU loads modules of another build from the system's folder and aborts. */
const modulePackages = ['qemu-system-modules-opengl', 'qemu-system-modules-spice'];

export interface LabQemu {
  readonly suite: Suite;
  /** The wanted release, e.g. `7.2`. */
  readonly wanted: string;
  /** The actual release, e.g. `7.2.22`. */
  readonly version: string;
  /** Debian's package version. */
  readonly packageVersion: string;
  /** A sentence about the substitute release; undefined when the release is the wanted one. */
  readonly substitute: string | undefined;
  readonly binary: QemuBinary;
  /** Folder of the unpacked suite. */
  readonly root: string;
}

export interface LabOptions {
  readonly suites?: readonly Suite[];
  /** QEMU targets, `x86_64` by default. `binary` runs the first. */
  readonly targets?: readonly string[];
  /** Further Debian packages to unpack into the roots. */
  readonly packages?: readonly string[];
  readonly progress?: (line: string) => void;
  /** Default: `${XDG_CACHE_HOME:-~/.cache}/qemu-mstream/lab`. */
  readonly folder?: string;
}

/** Record of the unpacked packages, beside the root. */
interface Stamp {
  readonly packages: Readonly<Record<string, string>>;
  readonly versions: Readonly<Record<string, string>>;
}

/** Folder of the lab. */
export function labFolder(): string {
  const cache = process.env['XDG_CACHE_HOME'];
  return join(cache === undefined || cache === '' ? join(homedir(), '.cache') : cache, 'qemu-mstream', 'lab');
}

/** The reason why QEMU tests are off; undefined when they are on. */
export function qemuSkipReason(): string | undefined {
  return process.env['MSTREAM_SKIP_QEMU'] === '1' ? 'MSTREAM_SKIP_QEMU=1 is set' : undefined;
}

/** Unpacking a suite on a slow line. Milliseconds. */
const LOCK_TIMEOUT = 20 * 60_000;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Runs `work` while no other process of this package has the same lock. A lock whose owner is dead is taken over. */
async function locked<T>(lock: string, work: () => Promise<T>): Promise<T> {
  const lockFile = `${lock}.${process.pid}`;
  await writeFile(lockFile, String(process.pid));
  try {
    const attempt = async (): Promise<true | undefined> => {
      if (
        await link(lockFile, lock).then(
          () => true,
          () => false,
        )
      )
        return true;
      const owner = Number(await readFile(lock, 'utf8').catch(() => ''));
      if (!Number.isInteger(owner) || owner <= 0 || isAlive(owner)) return undefined;
      // Only one of the processes that see the dead owner's lock moves it away. A process that moves the lock of a
      // living owner by accident puts it back.
      const aside = `${lockFile}.stale`;
      await rename(lock, aside).catch(() => undefined);
      if (Number(await readFile(aside, 'utf8').catch(() => '0')) !== owner)
        await link(aside, lock).catch(() => undefined);
      await rm(aside, { force: true });
      return undefined;
    };
    await until(attempt, { timeoutMs: LOCK_TIMEOUT, what: `the lock ${lock}` });
    try {
      return await work();
    } finally {
      await rm(lock, { force: true });
    }
  } finally {
    await rm(lockFile, { force: true });
  }
}

/** The multiarch folder of a root (`x86_64-linux-gnu`), found by the C library's loader. */
async function findLoader(root: string): Promise<{ readonly loader: string; readonly triplet: string }> {
  for (const lib of ['usr/lib', 'lib']) {
    for (const triplet of (await readdir(join(root, lib)).catch(() => [])).filter((name) =>
      name.includes('-linux-gnu'),
    )) {
      const folder = join(root, lib, triplet);
      // bullseye names the file ld-2.31.so, with links into the host beside it.
      for (const name of (await readdir(folder)).filter((each) => /^ld-(linux.*|\d.*)\.so/.test(each)).sort()) {
        const file = await realpath(join(folder, name)).catch(() => '');
        if (file.startsWith(`${await realpath(root)}/`) && (await stat(file)).isFile())
          return { loader: file, triplet };
      }
    }
  }
  throw new Error(`${root} holds no dynamic loader`);
}

/** The command that runs the QEMU of a root. */
async function rootBinary(root: string, target: string, label: string): Promise<QemuBinary> {
  const { loader, triplet } = await findLoader(root);
  const libraries = ['lib', 'usr/lib'].map((lib) => join(root, lib, triplet));
  const executable = join(root, 'usr/bin', `qemu-system-${target}`);
  return {
    label,
    file: loader,
    before: [
      '--library-path',
      [...libraries, join(libraries[1]!, 'qemu'), join(libraries[1]!, 'pulseaudio')].join(':'),
      executable,
    ],
    executable,
    env: { QEMU_MODULE_DIR: join(libraries[1]!, 'qemu') },
    dataFolders: ['usr/share/qemu', 'usr/share/seabios', 'usr/lib/ipxe/qemu'].map((folder) => join(root, folder)),
  };
}

async function readStamp(file: string): Promise<Stamp> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return text === undefined ? { packages: {}, versions: {} } : (JSON.parse(text) as Stamp);
}

async function writeStamp(file: string, stamp: Stamp): Promise<void> {
  await writeFile(`${file}.tmp`, `${JSON.stringify(stamp, null, 1)}\n`);
  await rename(`${file}.tmp`, file);
}

interface Wish {
  /** Alternatives, best first. */
  readonly names: readonly string[];
  readonly optional: boolean;
}

function wishes(options: LabOptions): Wish[] {
  const targets = (options.targets ?? ['x86_64']).map((target) => ({
    names: targetPackages[target] ?? [`qemu-system-${target}`],
    optional: false,
  }));
  const modules = modulePackages.map((name) => ({ names: [name], optional: true }));
  return [...targets, ...modules, ...(options.packages ?? []).map((name) => ({ names: [name], optional: false }))];
}

/** Makes sure that the root of a suite has the wanted packages, and returns its record. */
async function openSuite(
  entry: (typeof labSuites)[number],
  options: LabOptions,
  archives: () => Promise<readonly Archive[]>,
): Promise<LabQemu> {
  const { suite, wanted } = entry;
  const folder = join(options.folder ?? labFolder(), suite);
  const root = join(folder, 'root');
  const stampFile = join(folder, 'lab.json');
  const target = options.targets?.[0] ?? 'x86_64';
  const missing = (stamp: Stamp): Wish[] =>
    wishes(options).filter(({ names }) => !names.some((name) => name in stamp.packages));
  let stamp = await readStamp(stampFile);
  if (missing(stamp).length > 0 || !(target in stamp.versions)) {
    await mkdir(folder, { recursive: true });
    stamp = await locked(join(folder, 'lock'), async () => {
      const current = await readStamp(stampFile);
      const packages = { ...current.packages };
      const absent = missing(current);
      if (absent.length > 0) {
        options.progress?.(`${suite}: fetching its index`);
        const apt = new SuiteApt(suite, folder);
        await apt.update(await archives());
        for (const { names, optional } of absent) {
          const offered = await Promise.all(names.map(async (name) => ({ name, version: await apt.candidate(name) })));
          const chosen = offered.find(({ version }) => version !== undefined);
          if (chosen?.version === undefined && !optional)
            throw new Error(`suite ${suite} offers none of ${names.join(', ')}`);
          // An optional package that the suite lacks is recorded as looked for.
          packages[chosen?.name ?? names.join('|')] = chosen?.version ?? '';
        }
        const names = absent.flatMap((wish) =>
          wish.names.filter((name) => packages[name] !== undefined && packages[name] !== ''),
        );
        options.progress?.(`${suite}: downloading and unpacking ${names.join(', ')}`);
        await apt.unpack(names, root);
      }
      const { version } = await binaryVersion(await rootBinary(root, target, suite));
      const next: Stamp = { packages, versions: { ...current.versions, [target]: version } };
      await writeStamp(stampFile, next);
      return next;
    });
  }
  const version = stamp.versions[target] ?? '';
  const packageName = wishes(options)[0]?.names.find((name) => name in stamp.packages) ?? '';
  return {
    suite,
    wanted,
    version,
    packageVersion: stamp.packages[packageName] ?? '',
    substitute: version.startsWith(`${wanted}.`)
      ? undefined
      : `suite ${suite} no longer offers QEMU ${wanted}; ${version} stands in for it`,
    binary: await rootBinary(root, target, `QEMU ${version} (${suite})`),
    root,
  };
}

/**
 * Opens the lab and fetches what is missing, one suite after another. The first time takes minutes; from the cache it
 * takes milliseconds.
 * @throws Error, one line for each missing suite, with advice.
 */
export async function openLab(options: LabOptions = {}): Promise<LabQemu[]> {
  let archives: Promise<readonly Archive[]> | undefined;
  const once = (): Promise<readonly Archive[]> => (archives ??= configuredArchives());
  const wanted = labSuites.filter(({ suite }) => options.suites === undefined || options.suites.includes(suite));
  const found: LabQemu[] = [];
  const failures: string[] = [];
  for (const entry of wanted) {
    try {
      const qemu = await openSuite(entry, options, once);
      if (qemu.substitute !== undefined) options.progress?.(qemu.substitute);
      found.push(qemu);
    } catch (error) {
      failures.push(`${entry.suite}: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`);
    }
  }
  if (failures.length > 0) {
    throw new Error(
      `the QEMU lab in ${options.folder ?? labFolder()} is not complete: ${failures.join('; ')}. Run \`npm run lab\` on a Debian-like machine with a network, or set MSTREAM_SKIP_QEMU=1 to leave the QEMU tests out`,
    );
  }
  return found;
}
