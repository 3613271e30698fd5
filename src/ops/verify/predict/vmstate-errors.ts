// What vmstate_load_state() says when a table or a field cannot be loaded. QEMU: migration/vmstate.c. May import the predictor's
// own files.

import type { Incoming } from './incoming.js';
import type { QemuFile } from './qemu-file.js';
import { EINVAL, Ending, Refusal } from './refusal.js';

/** @throws Refusal when a version is outside of what this QEMU knows */
export function checkVersion(incoming: Incoming, file: QemuFile, name: string, version: number, known: number, minimum: number | undefined): void {
  if (version > known) throw incoming.refuse(file, EINVAL, 'too-new', name, version, known);
  if (minimum !== undefined && version < minimum) throw incoming.refuse(file, EINVAL, 'too-old', name, version, minimum);
}

/** Behind each field: here the file's error is looked at. @throws Refusal */
export function fieldDone(incoming: Incoming, file: QemuFile, table: string, field: string): void {
  if (file.error === 0) return;
  throw streamError(incoming, file, table, field);
}

export function streamError(incoming: Incoming, file: QemuFile, table: string, field: string): Refusal {
  incoming.note(file, 'stream-error-in-state');
  // Since 10.2 whatever goes wrong in a table is EINVAL to its caller.
  const errno = incoming.behaviour.chained ? EINVAL : file.error;
  const refusal = new Refusal(errno, 'stream-error-in-state', incoming.words('stream-error-in-state', table, -file.error));
  fieldFailed(incoming, table, field);
  return refusal;
}

/** The line of one level, up to 10.1. */
export function fieldFailed(incoming: Incoming, table: string, field: string): void {
  incoming.after('field-failed', table, field);
}

/** Where nobody here can tell how many bytes a field takes. */
export function unknownLayout(incoming: Incoming, file: QemuFile, table: string, field: string): Ending {
  incoming.note(file, 'field-failed');
  incoming.unknowns.add(`the layout of ${table}.${field} at the destination`);
  return new Ending('unknown', 'field-failed');
}
