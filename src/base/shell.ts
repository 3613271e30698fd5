// Words of a POSIX shell's command line.

const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/;

/** One word: as it is, or in single quotes where the shell would read more into it. */
export function shellWord(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A command line that the shell reads back as the same words. */
export function shellQuote(words: readonly string[]): string {
  return words.map(shellWord).join(' ');
}
