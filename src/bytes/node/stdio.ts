// Standard input and output as source and sink. Bytes are never read from a terminal or written to a terminal.

import type { Readable, Writable } from 'node:stream';
import { MigrationStreamError } from '../../base/errors.js';
import { OutputClosed } from '../output-closed.js';
import type { ByteSink, ByteSource } from '../source.js';
import { readableSource } from './readable-source.js';
import { outputError, systemCode } from './system-error.js';

/**
 * Standard input of any kind: a pipe, a socket, or a redirected file, read from its current offset.
 * @throws MigrationStreamError code `io` when it is a terminal
 */
export function stdinSource(
  stream: Readable & { readonly isTTY?: boolean } = process.stdin,
): ByteSource & AsyncDisposable {
  if (stream.isTTY === true) {
    throw new MigrationStreamError({
      code: 'io',
      message: 'stdin is a terminal, and a migration stream is not typed',
      hint: { code: 'pipe-into-stdin' },
    });
  }
  return readableSource(stream, 'stdin');
}

/**
 * Standard output. `skip` writes zeros; `commit` and `abort` leave it open. Each write settles when its bytes are
 * written. A write throws OutputClosed when the reader has gone, and MigrationStreamError code `io` for other failures.
 * @throws MigrationStreamError code `io` when it is a terminal
 */
export function stdoutSink(stream: Writable & { readonly isTTY?: boolean } = process.stdout): ByteSink {
  if (stream.isTTY === true) {
    throw new MigrationStreamError({
      code: 'io',
      message: 'stdout is a terminal, and these bytes are not text',
      hint: { code: 'pipe-out-of-stdout' },
    });
  }
  return writableSink(stream, 'stdout');
}

const ZEROS = new Uint8Array(64 * 1024);

/** A node stream as a sink that is never ended. See stdoutSink for the errors of its writes. */
export function writableSink(stream: Writable, label: string): ByteSink {
  let failure: Error | undefined;
  // Without a listener a broken pipe would end the process. Every write also gets the error in its callback.
  stream.on('error', (error) => (failure ??= error));
  const write = (bytes: Uint8Array): Promise<void> =>
    new Promise((resolve, reject) => {
      if (failure !== undefined) reject(writeError(label, failure));
      else stream.write(bytes, (error) => (error ? reject(writeError(label, error)) : resolve()));
    });
  return {
    label,
    write,
    async skip(length) {
      for (let left = length; left > 0; left -= ZEROS.length)
        await write(ZEROS.subarray(0, Math.min(left, ZEROS.length)));
    },
    async commit() {
      if (failure !== undefined) throw writeError(label, failure);
    },
    async abort() {},
  };
}

/** Error codes of a reader that has gone: the pipe's code, the socket's code, and node's code for later writes. */
const GONE: readonly (string | undefined)[] = ['EPIPE', 'ECONNRESET', 'ERR_STREAM_DESTROYED'];

function writeError(label: string, cause: Error): Error {
  return GONE.includes(systemCode(cause))
    ? new OutputClosed(label, cause)
    : outputError(`cannot write ${label}`, cause);
}
