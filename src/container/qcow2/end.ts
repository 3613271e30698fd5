// Where a state ends: its last cluster is filled up with zeros, or with what stood there before. The size that QEMU
// stores is a hint, which must agree with the bytes.

import { readSource, rangeSource, type ByteSource } from '../../bytes/source.js';
import { findTail } from '../../stream/tail.js';

/** The last byte of a vmdescription. */
const BRACE = 0x7d;

/**
 * Bytes of the state in `source`, which reaches to the end of the last allocated unit. `hint`: QEMU's size; `unit`:
 * bytes of a cluster.
 * @throws MigrationStreamError of the image
 */
export async function endOfState(source: ByteSource, hint: number, unit: number): Promise<number> {
  const extent = source.size ?? 0;
  const tail = new Uint8Array(Math.min(unit, extent));
  const tailAt = extent - tail.length;
  await readSource(source, tail, tailAt);
  let used = tail.length;
  while (used > 0 && tail[used - 1] === 0) used -= 1;
  const end = tailAt + used;
  // Zeros alone may belong to the stream: QEMU's size tells, where it ends among them.
  if (hint >= end && hint <= extent && hint > tailAt) return hint;
  if (used > 0 && tail[used - 1] === BRACE) return end;
  if (hint < extent && (await endsWithDescription(source, hint))) return hint;
  return extent;
}

/** Does a vmdescription end exactly at `end`? */
async function endsWithDescription(source: ByteSource, end: number): Promise<boolean> {
  const tail = await findTail(rangeSource(source, 0, end), isJson);
  return tail?.span.end === end;
}

function isJson(bytes: Uint8Array): true | undefined {
  try {
    JSON.parse(new TextDecoder().decode(bytes));
    return true;
  } catch {
    return undefined;
  }
}
