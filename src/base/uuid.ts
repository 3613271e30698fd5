// UUIDs in their text form.

/** Group lengths 8-4-4-4-12. */
export function uuidText(uuid: Uint8Array): string {
  return Buffer.from(uuid)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
