// Which container a source begins like. open.ts imports this file, and with it every container, only for an input that
// is no bare stream.

import type { PeekSource } from '../bytes/peek.js';
import type { Container } from './container.js';
import { recognise } from './recognise.js';
import { HEAD_SIZE, headOf, LOOK, type Head, type Recognised } from './recognise/result.js';
import { containers } from './table.js';

/** A container and its first bytes, or what stands there instead. */
export type Standing =
  | { readonly container: Container; readonly head: Head }
  | { readonly container: undefined; readonly found: Recognised };

/** @throws MigrationStreamError code `io`; as `source` */
export async function standing(source: PeekSource, length = HEAD_SIZE): Promise<Standing> {
  const { label, size } = source;
  const bytes = await source.peek(length);
  const head = headOf(bytes, label, size);
  const container = containers.find((row) => (row.look ?? HEAD_SIZE) <= length && row.stands(head));
  if (container !== undefined) return { container, head };
  // A file that begins with zeros or with unknown bytes, or has a stream in its first bytes, gets a longer look.
  if (length < LOOK && ['zeros', 'unknown', 'embedded-stream'].includes(recognise(bytes).kind))
    return standing(source, LOOK);
  return { container: undefined, found: recognise(bytes, { path: label, size }) };
}
