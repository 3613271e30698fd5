// A node stream as a forward source, used for stdin and for the gunzip source. It pulls, so the stream buffers no more
// than its high-water mark.

import type { Hint } from '../../base/hint.js';
import type { Readable } from 'node:stream';
import type { MigrationStreamError } from '../../base/errors.js';
import { forwardSource, type ByteSource } from '../source.js';
import { ioError } from './system-error.js';

export interface ReadableOptions {
  /** What to try when the stream fails. */
  readonly hint?: Hint;
  /** Makes the error of a stream that failed; `offset`: number of bytes before the failure. Default: code `io`. */
  readonly fail?: (cause: unknown, offset: number) => MigrationStreamError;
  /** Called when a read has to wait: the stream has nothing buffered. */
  readonly onWait?: () => void;
  /** Called once, after the stream was destroyed. */
  readonly onClose?: () => Promise<void>;
}

/**
 * Takes over the stream, which must give bytes. Closing the source ends a waiting read with 0 bytes. Reads throw
 * MigrationStreamError code `io` with the offset reached, or `not-seekable`.
 */
export function readableSource(
  stream: Readable,
  label: string,
  options: ReadableOptions = {},
): ByteSource & AsyncDisposable {
  let rest: Uint8Array | undefined;
  let failure: unknown;
  let ended = false;
  let closed = false;
  let wake = (): void => {};
  const end = (): void => {
    ended = true;
    wake();
  };
  stream.on('readable', () => wake());
  stream.on('end', end);
  stream.on('close', end);
  stream.on('error', (error) => {
    failure = error;
    wake();
  });

  /** Copies the bytes that the stream has buffered, without waiting; 0 when it has none. */
  const drain = (into: Uint8Array): number => {
    let got = 0;
    while (got < into.length) {
      rest ??= (stream.read() as Uint8Array | null) ?? undefined;
      if (rest === undefined) break;
      const part = rest.subarray(0, into.length - got);
      into.set(part, got);
      got += part.length;
      rest = part.length === rest.length ? undefined : rest.subarray(part.length);
    }
    return got;
  };

  return forwardSource({
    label,
    size: undefined,
    seekable: false,
    async read(into, at) {
      for (;;) {
        const got = drain(into);
        if (got > 0 || into.length === 0) return got;
        if (failure !== undefined)
          throw (
            options.fail?.(failure, at) ?? ioError(`cannot read ${label}`, failure, { offset: at, hint: options.hint })
          );
        if (ended) return 0;
        options.onWait?.();
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
    async close() {
      if (closed) return;
      closed = true;
      stream.destroy();
      end();
      await options.onClose?.();
    },
  });
}
