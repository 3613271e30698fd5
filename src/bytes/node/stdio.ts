// Standard input and output as source and sink. Bytes never go to or come from a terminal.

import type { Readable, Writable } from 'node:stream';
import { MigrationStreamError } from '../../base/errors.js';
import { OutputClosed } from '../output-closed.js';
import type { ByteSink, ByteSource } from '../source.js';
import { readableSource } from './readable-source.js';
import { outputError, systemCode } from './system-error.js';

/**
 * Standard input, whatever it is: a pipe, a socket, or a redirected file, read on from where its offset stands.
 * @throws MigrationStreamError code `io` when it is a terminal
 */
export function stdinSource(stream: Readable & { readonly isTTY?: boolean } = process.stdin): ByteSource {
  if (stream.isTTY === true) {
    throw new MigrationStreamError({
      code: 'io',
      message: 'stdin is a terminal, and a migration stream is not typed',
      hint: 'pipe a stream into it (`zstd -dc state.zst | mstream inspect -`) or name a file',
    });
  }
  return readableSource(stream, 'stdin');
}

/**
 * Standard output; `skip` writes zeros, `commit` and `abort` leave it open. Its writes settle when the bytes are gone,
 * and throw OutputClosed when nobody reads any more, else MigrationStreamError code `io`.
 * @throws MigrationStreamError code `io` when it is a terminal
 */
export function stdoutSink(stream: Writable & { readonly isTTY?: boolean } = process.stdout): ByteSink {
  if (stream.isTTY === true) {
    throw new MigrationStreamError({
      code: 'io',
      message: 'stdout is a terminal, and these bytes are not text',
      hint: 'send them into a file or a pipe: `> FILE`, `| PROGRAM`, or --output FILE',
    });
  }
  return writableSink(stream, 'stdout');
}

const ZEROS = new Uint8Array(64 * 1024);

/** A node stream as a sink that nobody ends: see stdoutSink for what its writes throw. */
export function writableSink(stream: Writable, label: string): ByteSink {
  let failure: Error | undefined;
  // Without a listener a broken pipe would end the process; every write hears of it in its own callback too.
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

/** Codes of a reader that has gone: the pipe's, the socket's, and node's for writes that come after. */
const GONE: readonly (string | undefined)[] = ['EPIPE', 'ECONNRESET', 'ERR_STREAM_DESTROYED'];

function writeError(label: string, cause: Error): Error {
  return GONE.includes(systemCode(cause))
    ? new OutputClosed(label, cause)
    : outputError(`cannot write ${label}`, cause);
}
