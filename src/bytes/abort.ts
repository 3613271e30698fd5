// AbortSignals: work that ends early, and sources whose reads do.

import type { AbortableSource, ByteSource } from './source.js';

/** The result of `work`; or the signal's reason as soon as it is aborted, while `work` goes on unobserved. */
export async function raced<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  work.catch(() => {}); // the race may be lost
  signal.throwIfAborted();
  const { promise, end } = rejection(signal);
  try {
    return await Promise.race([work, promise]);
  } finally {
    end();
  }
}

function rejection(signal: AbortSignal): { readonly promise: Promise<never>; end(): void } {
  let end = (): void => {};
  const promise = new Promise<never>((_resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', abort);
    end = () => signal.removeEventListener('abort', abort);
  });
  return { promise, end };
}

/**
 * `source`, whose reads throw the reason of `signal` once it is aborted. A read of a source that can be sought settles
 * first, so that nothing writes into the caller's buffer afterwards. A read of a pipe may never settle, and is left.
 */
export function abortable(source: ByteSource, signal: AbortSignal | undefined): ByteSource {
  if (signal === undefined) return source;
  const { label, size, seekable } = source;
  const made: AbortableSource = {
    label,
    size,
    seekable,
    signal,
    async read(into, at) {
      signal.throwIfAborted();
      if (!seekable) return raced(source.read(into, at), signal);
      const got = await source.read(into, at);
      signal.throwIfAborted();
      return got;
    },
    close: () => source.close(),
  };
  return made;
}
