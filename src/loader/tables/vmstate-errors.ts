// What vmstate_load_state() says when a table or a field cannot be loaded. QEMU: migration/vmstate.c.

import { errnoNumber } from '../../release/messages/index.js';
import type { Incoming } from '../outer/incoming.js';
import type { QemuFile } from '../outer/qemu-file.js';
import type { Ending, Refusal } from '../refusal.js';

/** @throws Refusal when a version is outside of what this QEMU knows */
export function checkVersion(
  incoming: Incoming,
  file: QemuFile,
  name: string,
  version: number,
  known: number,
  minimum: number | undefined,
): void {
  if (version > known) throw incoming.refuse(file, 'version-too-new', { vmsd: name, received: version, local: known });
  if (minimum !== undefined && version < minimum)
    throw incoming.refuse(file, 'version-too-old', { vmsd: name, received: version, local: minimum });
}

/** Behind each field: here the file's error is looked at. @throws Refusal */
export function fieldDone(incoming: Incoming, file: QemuFile, table: string, field: string): void {
  const { error } = file;
  if (error === undefined) return;
  // Since 10.2 whatever goes wrong in a table is EINVAL to its caller.
  const refusal = incoming.refuse(
    file,
    'stream-error',
    { vmsd: table, errno: errnoNumber(error) },
    incoming.behaves('chained-errors') ? 'EINVAL' : error,
  );
  incoming.around(refusal, 'field-failed', { vmsd: table, field });
  throw refusal;
}

/** What the levels above a value say of it. */
export function elementFailed(incoming: Incoming, refusal: Refusal, table: string, type: string, field: string): void {
  if (refusal.links.length === 0)
    incoming.around(refusal, 'element-failed', { type, field, errno: errnoNumber(refusal.errno) });
  incoming.around(refusal, 'field-failed', { vmsd: table, field });
}

/** Where nobody here can tell how many bytes a field takes. */
export function unknownLayout(incoming: Incoming, file: QemuFile, table: string, field: string): Ending {
  const what = field === '' ? table : `${table}.${field}`;
  incoming.unknowns.add(`the layout of ${what} at the destination`);
  return incoming.ends(file, 'unknown', 'layout-unknown', { what });
}
