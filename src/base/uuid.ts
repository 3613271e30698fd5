// UUIDs in their text form.

import { hexDigits } from './bytes.js';

/** Group lengths 8-4-4-4-12. */
export function uuidText(uuid: Uint8Array): string {
  return hexDigits(uuid).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
