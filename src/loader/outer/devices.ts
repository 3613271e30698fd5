// A device's payload, read with the destination's own layout: what its own save shows, and of other versions what its
// -dump-vmstate says. QEMU: vmstate_load(), migration/savevm.c.

import { vmsdSize } from '../../vmstate/index.js';
import type { DestinationHandler } from '../destination.js';
import type { Incoming } from './incoming.js';
import { loadTable } from '../tables/load-table.js';
import type { QemuFile } from './qemu-file.js';

export async function loadDevice(
  incoming: Incoming,
  file: QemuFile,
  handler: DestinationHandler,
  versionId: number,
): Promise<void> {
  const { schema, payload } = handler;
  if (handler.kind === 'vmsd' && schema !== undefined) {
    const table = { schema, known: incoming.destination.tables?.find(schema), localBytes: payload };
    await loadTable(incoming, file, table, versionId, handler.idstr);
    return;
  }
  const size = incoming.sentSize ?? (schema === undefined ? payload?.length : vmsdSize(schema));
  if (size === undefined) {
    throw incoming.ends(file, 'unknown', 'layout-unknown', { what: handler.idstr });
  }
  incoming.unknowns.add(
    `what the destination makes of section ${handler.idstr}: its loader is written by hand; taken as ${size} bytes that it accepts`,
  );
  await file.pass(size);
}
