// The last check before a terminal. Names from the file are escaped where they enter a report (base/quote.ts). Messages
// and labels also pass through here, because they may quote such names or contain anything that the shell allows.

// C0 except newline, DEL, C1, and the marks that turn or hide text.
const unsafe = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** `text` with every character made visible that could control a terminal; printable characters stay unchanged. */
export function printable(text: string): string {
  return text.replace(unsafe, (char) => {
    const code = char.charCodeAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`;
  });
}

/** The same check, with newlines made visible too. */
export function printableLine(text: string): string {
  return printable(text).replaceAll('\n', '\\n');
}

/** JSON in ASCII only: exact for programs, harmless on a terminal. bigints must be strings before the call. */
export function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replace(
    /[\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
