// A Blob or a File of a browser as a source. Blobs are also part of Node.

import { disposable } from '../base/dispose.js';
import type { ByteSource } from './source.js';

/** `blob` as a source that can be sought. A read loads only the bytes that it asks for. */
export function blobSource(
  blob: Blob,
  label = (blob as { readonly name?: string }).name ?? 'blob',
): ByteSource & AsyncDisposable {
  return disposable({
    label,
    size: blob.size,
    seekable: true,
    async read(into, at) {
      const bytes = new Uint8Array(await blob.slice(at, at + into.length).arrayBuffer());
      into.set(bytes);
      return bytes.length;
    },
    async close() {},
  });
}
