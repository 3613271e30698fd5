// A QEMU executable and the words needed before its options (a private loader, library and firmware folders), so that
// an installed QEMU and a QEMU of the lab start alike.

import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

export interface QemuBinary {
  /** For people: "7.2.22 (bookworm)", or the path. */
  readonly label: string;
  /** The executed file: QEMU itself, or a dynamic loader. */
  readonly file: string;
  /** Words before QEMU's options, for the loader. */
  readonly before: readonly string[];
  /** The QEMU executable, for hashing. */
  readonly executable: string;
  /** Variables added to the environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Firmware folders, given as `-L`. */
  readonly dataFolders: readonly string[];
}

/**
 * The file that a shell would run. A `name` with a slash is the file; otherwise the first executable file of that name
 * in PATH. Undefined when there is none.
 */
export async function findExecutable(name: string, path = process.env['PATH'] ?? ''): Promise<string | undefined> {
  const candidates = name.includes('/')
    ? [name]
    : path.split(delimiter).map((folder) => join(folder === '' ? '.' : folder, name));
  for (const candidate of candidates) {
    const usable = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (usable) return candidate;
  }
  return undefined;
}

/** A QEMU that needs no loader: a path, or a name in PATH. */
export function plainBinary(file: string): QemuBinary {
  return { label: file, file, before: [], executable: file, env: {}, dataFolders: [] };
}

/** The words after `binary.file`. */
export function wordsFor(binary: QemuBinary, argv: readonly string[]): string[] {
  return [...binary.before, ...argv, ...binary.dataFolders.flatMap((folder) => ['-L', folder])];
}

const run = promisify(execFile);

/**
 * "7.2.22" and the distributor's package, from `--version`. It takes at most a second in practice.
 * @throws Error when it cannot be run or prints something else.
 */
export async function binaryVersion(
  binary: QemuBinary,
): Promise<{ readonly version: string; readonly package: string }> {
  const { stdout } = await run(binary.file, [...binary.before, '--version'], {
    env: { ...process.env, ...binary.env },
    timeout: 30_000,
  });
  const said = /version (\d+\.\d+\.\d+)\S*(?: \(([^)]*)\))?/.exec(stdout);
  if (said?.[1] === undefined) throw new Error(`${binary.label} --version says no version: ${stdout.slice(0, 200)}`);
  return { version: said[1], package: said[2] ?? '' };
}
