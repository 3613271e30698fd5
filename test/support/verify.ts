// verifyStream over bytes, as the command calls it. Imports src and test/support.

import type { ByteSource } from '../../src/bytes/source.js';
import { openStream, type OpenOptions } from '../../src/open/open-stream.js';
import { verifyStream, type Verification } from '../../src/ops/verify/verify.js';

export async function verify(
  bytes: Uint8Array | ByteSource,
  options: OpenOptions = {},
): Promise<Verification & { readonly inspection: NonNullable<Verification['inspection']> }> {
  const stream = await openStream(bytes, { bodies: 'devices', ...options });
  try {
    return await verifyStream(stream);
  } finally {
    await stream.close();
  }
}
