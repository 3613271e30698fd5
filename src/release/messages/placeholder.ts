// A wording taken apart: literal pieces and placeholders, each of a kind that says how QEMU prints the value and what
// it may look like in a text. Imports nothing.

/** What a placeholder stands for: see Wording.text. */
export type PlaceholderKind = 'text' | 'word' | 'optional' | 'decimal' | 'hex' | 'alternate-hex';

export interface Placeholder {
  readonly name: string;
  readonly kind: PlaceholderKind;
  /** Digits to pad to with zeros; 0: none. */
  readonly width: number;
}

export type Piece = string | Placeholder;

const KINDS: Readonly<Record<string, PlaceholderKind>> = {
  w: 'word',
  o: 'optional',
  d: 'decimal',
  x: 'hex',
  '#x': 'alternate-hex',
};

/** @throws TypeError for a placeholder that no rule explains: a mistake in a table */
export function piecesOf(text: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(/\{(\w+)(?::(0\d+)?(#?\w))?\}/g)) {
    if (match.index > from) pieces.push(text.slice(from, match.index));
    const [whole, name, width, letter] = match;
    const kind = letter === undefined ? 'text' : KINDS[letter];
    if (kind === undefined) throw new TypeError(`placeholder ${whole}`);
    pieces.push({ name: name!, kind, width: width === undefined ? 0 : Number(width) });
    from = match.index + whole.length;
  }
  if (from < text.length) pieces.push(text.slice(from));
  return pieces;
}

/** What QEMU's printf makes of a value. Strings are C strings: they end at the first NUL. */
export function printed(placeholder: Placeholder, value: string | number | bigint): string {
  if (typeof value === 'string') {
    const nul = value.indexOf('\0');
    return nul < 0 ? value : value.slice(0, nul);
  }
  switch (placeholder.kind) {
    case 'hex':
      return hex(value).padStart(placeholder.width, '0');
    case 'alternate-hex':
      return BigInt(value) === 0n ? '0' : `0x${hex(value)}`;
    default:
      return value.toString();
  }
}

/** Negative numbers as the 32 bits that `%x` of an int shows. */
function hex(value: number | bigint): string {
  const big = BigInt(value);
  return (big < 0n ? BigInt.asUintN(32, big) : big).toString(16);
}
