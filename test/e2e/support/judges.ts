// Tools that read memory dumps, as judges: gdb, makedumpfile, and Python with libkdumpfile and drgn. The lab unpacks
// them from Debian 13 beside its QEMU; the C library's loader of that root runs them, so no root rights are needed.
// Imports qemu/lab.

import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openLab, qemuSkipReason, type LabQemu } from '../../../src/qemu/lab.js';

const packages = ['gdb', 'makedumpfile', 'python3-libkdumpfile', 'python3-drgn'];

/** The unpacked tools, or why they cannot be had, as one line. */
export async function openJudges(): Promise<Judges | { readonly unavailable: string }> {
  const reason = qemuSkipReason();
  if (reason !== undefined) return { unavailable: reason };
  try {
    const [lab] = await openLab({ suites: ['trixie'], packages, progress: (line) => console.error(line) });
    return await judgesOf(lab!);
  } catch (error) {
    return { unavailable: error instanceof Error ? error.message : String(error) };
  }
}

export interface Judges {
  /** Commands of gdb on a core, in batch mode. What gdb printed. */
  gdb(core: string, commands: readonly string[]): Promise<string>;
  makedumpfile(args: readonly string[]): Promise<string>;
  /** With a file as its standard input. */
  makedumpfileFrom(input: string, args: readonly string[]): Promise<string>;
  /** A script of Python, which can import kdumpfile and drgn. */
  python(script: string, args: readonly string[]): Promise<string>;
}

async function judgesOf({ binary, root }: LabQemu): Promise<Judges> {
  const usr = join(root, 'usr');
  const python = (await readdir(join(usr, 'bin'))).find((name) => /^python3\.\d+$/.test(name));
  if (python === undefined) throw new Error(`${root} holds no Python`);
  // --library-path LIST, before the executable.
  const loader = [binary.file, ...binary.before.slice(0, 2)];
  const env = { ...process.env, PYTHONHOME: usr, PYTHONPATH: join(usr, 'lib/python3/dist-packages'), LC_ALL: 'C' };
  const run = (tool: string, args: readonly string[], input?: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const { stdin } = execFile(
        loader[0]!,
        [...loader.slice(1), join(usr, 'bin', tool), ...args],
        { env, timeout: 60_000, killSignal: 'SIGKILL', maxBuffer: 1 << 25 },
        (error, stdout, stderr) =>
          error === null
            ? resolve(stdout + stderr)
            : reject(new Error(`${tool}: ${error.message}\n${stdout}${stderr}`)),
      );
      if (input === undefined) stdin!.end();
      else createReadStream(input).pipe(stdin!);
    });
  return {
    gdb: (core, commands) =>
      run('gdb', [
        ...['--data-directory', join(usr, 'share/gdb'), '-nx', '-batch', '-iex', 'set auto-load off'],
        ...commands.flatMap((command) => ['-ex', command]),
        ...['--core', core],
      ]),
    makedumpfile: (args) => run('makedumpfile', args),
    makedumpfileFrom: (input, args) => run('makedumpfile', args, input),
    python: (script, args) => run(python, ['-c', script, ...args]),
  };
}
