// The last gate before a terminal. Names from the file are escaped where they enter a report (base/quote.ts); messages
// and labels pass through here as well, since they may quote such names or be anything the shell allows. Imports nothing.

// C0 but for newline, DEL, C1, and the marks that turn or hide text.
const unsafe = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** `text` with everything that could drive a terminal made visible; what is printable stays as it is. */
export function printable(text: string): string {
  return text.replace(unsafe, (char) => {
    const code = char.charCodeAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`;
  });
}

/** The same on one line. */
export function printableLine(text: string): string {
  return printable(text).replaceAll('\n', '\\n');
}

/** JSON in ASCII alone: exact for programs, harmless on a terminal. bigints must have become strings before. */
export function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replace(
    /[\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
