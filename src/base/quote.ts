// Names come from the file and go to terminals. Everything outside printable ASCII becomes \xNN. Imports nothing.

/** `text` with every control, C1 and non-ASCII character (one byte each on the wire) made visible. */
export function escapeText(text: string): string {
  return text.replace(/[^\x20-\x5b\x5d-\x7e]/g, (char) =>
    char === '\\' ? '\\\\' : `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

/** The same, in double quotes. */
export function quote(text: string): string {
  return `"${escapeText(text).replaceAll('"', '\\"')}"`;
}
