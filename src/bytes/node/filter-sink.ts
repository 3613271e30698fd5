// A sink behind a filter, zlib or a program: bytes go in here, and what the filter makes of them goes to the outer
// sink. A slow outer sink slows the filter down, and the filter slows the caller down.

import { spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { MigrationStreamError } from '../../base/errors.js';
import type { ByteSink } from '../source.js';
import { outputError, systemCode } from './system-error.js';

const ZEROS = new Uint8Array(256 * 1024);
/** Maximum length of stderr that is kept; the rest is dropped. */
const MAX_WORDS = 2000;

interface Filter {
  readonly input: Writable;
  readonly output: Readable;
  /** Settles when the filter has ended; the error, if it failed. */
  readonly ended: Promise<MigrationStreamError | undefined>;
  stop(): void;
}

export function gzipSink(outer: ByteSink): ByteSink {
  const gzip = createGzip({ chunkSize: ZEROS.length });
  const ended = new Promise<MigrationStreamError | undefined>((resolve) => {
    gzip.on('error', (cause) => resolve(outputError('gzip', cause)));
    gzip.on('close', () => resolve(undefined));
  });
  return filterSink(outer, { input: gzip, output: gzip, ended, stop: () => void gzip.destroy() });
}

/** @throws (from the sink's methods) MigrationStreamError code `unsupported` where the program is missing */
export function programSink(outer: ByteSink, program: string, args: readonly string[]): ByteSink {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let words = '';
  child.stderr.on('data', (data: Buffer) => {
    if (words.length < MAX_WORDS) words += data.toString('latin1');
  });
  const ended = new Promise<MigrationStreamError | undefined>((resolve) => {
    child.on('error', (cause) => resolve(notStarted(program, cause)));
    child.on('close', (code, signal) =>
      resolve(code === 0 ? undefined : outputError(`${program} failed (${code ?? signal})`, new Error(words.trim()))),
    );
  });
  return filterSink(outer, { input: child.stdin, output: child.stdout, ended, stop: () => void child.kill() });
}

function notStarted(program: string, cause: Error): MigrationStreamError {
  if (systemCode(cause) !== 'ENOENT') return outputError(`cannot run ${program}`, cause);
  return new MigrationStreamError({
    code: 'unsupported',
    message: `the program ${program} is not installed`,
    hint: { code: 'install-compressor', program },
    cause,
  });
}

function filterSink(outer: ByteSink, { input, output, ended, stop }: Filter): ByteSink {
  // A filter that fails closes its input; `ended` says why.
  input.on('error', () => {});
  const pumped = pump(output, outer);
  pumped.catch(() => stop());
  const write = async (bytes: Uint8Array): Promise<void> => {
    const error = await new Promise<Error | null | undefined>((resolve) => input.write(bytes, resolve));
    if (error instanceof Error)
      throw (await ended) ?? (await failureOf(pumped)) ?? outputError(`cannot write ${outer.label}`, error);
  };
  return {
    label: outer.label,
    write,
    async skip(length) {
      for (let left = length; left > 0; left -= ZEROS.length)
        await write(ZEROS.subarray(0, Math.min(left, ZEROS.length)));
    },
    async commit() {
      input.end();
      const failure = await ended;
      await pumped;
      if (failure !== undefined) throw failure;
      await outer.commit();
    },
    async abort() {
      stop();
      await failureOf(pumped);
      await outer.abort();
    },
  };
}

async function pump(output: Readable, outer: ByteSink): Promise<void> {
  for await (const bytes of output as AsyncIterable<Uint8Array>) await outer.write(bytes);
}

function failureOf(work: Promise<unknown>): Promise<Error | undefined> {
  return work.then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
  );
}
