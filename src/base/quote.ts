// Names come from the file and go to terminals. Every character outside printable ASCII becomes \xNN.

/** `text` with every control, C1 and non-ASCII character made visible (each is one byte on the wire). */
export function escapeText(text: string): string {
  return text.replace(/[^\x20-\x5b\x5d-\x7e]/g, (char) =>
    char === '\\' ? '\\\\' : `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

/** `text` made visible as by the function above, in double quotes. */
export function quote(text: string): string {
  return `"${escapeText(text).replaceAll('"', '\\"')}"`;
}
