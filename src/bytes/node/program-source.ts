// A program as a filter, e.g. `xz -dc`. This process feeds the program through a pipe, and ends the program when the
// source is closed.

import { spawn } from 'node:child_process';
import { MigrationStreamError } from '../../base/errors.js';
import type { ByteSource } from '../source.js';
import { blocksOf } from './blocks.js';
import { readableSource } from './readable-source.js';
import { systemCode } from './system-error.js';

/** Maximum length of stderr that is kept; the rest is dropped. */
const MAX_WORDS = 2000;

/**
 * The output of `program` for the bytes of `outer`. Closing the source ends the program and closes `outer`. Reads throw
 * MigrationStreamError: `unsupported` when there is no such program, `bad-container` when the program fails.
 */
export function programSource(outer: ByteSource, program: string, args: readonly string[]): ByteSource {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let words = '';
  child.stderr.on('data', (data: Buffer) => {
    if (words.length < MAX_WORDS) words += data.toString('latin1');
  });
  const ended = new Promise<MigrationStreamError | undefined>((resolve) => {
    child.on('error', (cause) => resolve(notStarted(program, cause)));
    child.on('close', (code, signal) => resolve(code === 0 ? undefined : failed(program, code ?? signal, words)));
  });
  let inputError: Error | undefined;
  // A program that ends before its input ends (bytes follow the last frame) breaks the pipe. The program's output is
  // still valid.
  child.stdin.on('error', () => {});
  void feed(outer, child.stdin).catch((error: unknown) => {
    inputError = error instanceof Error ? error : new Error(String(error));
    child.kill();
  });
  const plain = readableSource(child.stdout, outer.label, {
    onClose: async () => {
      child.kill();
      await ended;
      await outer.close();
    },
  });
  return {
    ...plain,
    async read(into, at) {
      const got = await plain.read(into, at);
      if (got > 0 || into.length === 0) return got;
      const failure = await ended;
      if (inputError !== undefined) throw inputError;
      if (failure !== undefined) throw failure.code === 'unsupported' ? failure : failedAt(failure, at);
      return 0;
    },
  };
}

async function feed(outer: ByteSource, stdin: NodeJS.WritableStream & { readonly writable: boolean }): Promise<void> {
  for await (const block of blocksOf(outer)) {
    if (!stdin.writable) return;
    await new Promise<void>((resolve) => stdin.write(block, () => resolve()));
  }
  stdin.end();
}

function notStarted(program: string, cause: Error): MigrationStreamError {
  const missing = systemCode(cause) === 'ENOENT';
  return new MigrationStreamError({
    code: missing ? 'unsupported' : 'io',
    message: missing ? `the program ${program} is not installed` : `cannot run ${program}: ${cause.message}`,
    hint: missing ? { code: 'install', program } : undefined,
    cause,
  });
}

function failed(program: string, how: number | string | null, words: string): MigrationStreamError {
  const said = words.trim().split('\n')[0];
  return new MigrationStreamError({
    code: 'bad-container',
    message: `${program} cannot decompress the data${said === undefined || said === '' ? ` (${how})` : `: ${said}`}`,
    hint: { code: 'compressed-damaged' },
  });
}

function failedAt({ code, message, hint, cause }: MigrationStreamError, offset: number): MigrationStreamError {
  return new MigrationStreamError({ code, message, hint, cause, offset });
}
