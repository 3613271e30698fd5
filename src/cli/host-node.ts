// The real host: process, terminal, signals, files. The only place outside bytes/node and main.ts that touches node:
// and process. May import bytes and its own folder.

import { open } from 'node:fs/promises';
import type { WriteStream } from 'node:tty';
import { MigrationStreamError } from '../base/errors.js';
import type { ByteSource } from '../bytes/source.js';
import { STDIO } from './args.js';
import { exitCode } from './exit-code.js';
import { OutputClosed, type Host, type Output } from './host.js';

/** `version`: of the package. */
export function nodeHost(version: string): Host {
  return {
    version,
    args: process.argv.slice(2),
    env: process.env,
    cwd: process.cwd(),
    stdout: output(process.stdout),
    stderr: output(process.stderr),
    signal: interruptions(),
    openInput,
    now: () => performance.now(),
  };
}

/** Aborts at the first signal, ends the process at the second: somebody means it. */
function interruptions(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(exitCode.interrupted);
      controller.abort(name);
    });
  }
  return controller.signal;
}

function output(stream: WriteStream): Output {
  let failure: Error | undefined;
  // Without a listener a broken pipe would end the process; each write hears of it in its own callback too.
  stream.on('error', (error) => (failure ??= error));
  return {
    isTTY: stream.isTTY === true,
    get columns() {
      return stream.isTTY ? stream.columns : undefined;
    },
    write: (data) =>
      new Promise((resolve, reject) => {
        if (failure !== undefined) {
          reject(outputError(failure));
          return;
        }
        stream.write(data, (error) => (error ? reject(outputError(error)) : resolve()));
      }),
  };
}

function outputError(error: Error): Error {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED') return new OutputClosed();
  return new MigrationStreamError({ code: 'io', message: `cannot write the output: ${error.message}`, cause: error });
}

async function openInput(path: string): Promise<ByteSource> {
  if (path === STDIO) throw new Error('todo');
  const file = await open(path);
  const { size } = await file.stat();
  return {
    label: path,
    size,
    seekable: true,
    read: async (into, at) => (await file.read(into, 0, into.length, at)).bytesRead,
    close: () => file.close(),
  };
}
