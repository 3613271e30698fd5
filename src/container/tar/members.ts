// The members of a tar archive, in order, read forward. Long names come from GNU ("L") or pax ("x") headers. POSIX
// 1003.1 "pax", ustar interchange format; GNU tar's manual, "Basic Tar Format".

import { latin1Bytes } from '../../base/bytes.js';
import { MigrationStreamError } from '../../base/errors.js';
import { readSource, type ByteSource } from '../../bytes/source.js';
import { latin1 } from '../../bytes/window.js';
import { MAX_TAR_HEADER, MAX_TAR_MEMBERS } from '../../limits.js';

export const BLOCK = 512;

export interface TarMember {
  readonly name: string;
  /** Bytes, and where they begin in the archive. */
  readonly size: number;
  readonly offset: number;
  /** Only a plain member's bytes are the file's bytes: not those of a link, a folder, a sparse file. */
  readonly plain: boolean;
  /** The size stands in a pax header, and not in the header of the member. */
  readonly paxSize: boolean;
}

/**
 * Reads `outer` forward; a member's bytes are stepped over unless the consumer reads them. @throws `bad-container`, …
 */
export async function* members(outer: ByteSource): AsyncGenerator<TarMember> {
  const header = new Uint8Array(BLOCK);
  let longName: string | undefined;
  let longSize: number | undefined;
  let sparse = false;
  let count = 0;
  for (let at = 0; ;) {
    await readExactly(outer, header, at);
    if (header.every((byte) => byte === 0)) return;
    checkSum(header, at);
    const type = String.fromCharCode(header[156]!);
    const size = longSize ?? number(header, 124, 12, at);
    const offset = at + BLOCK;
    const next = offset + Math.ceil(size / BLOCK) * BLOCK;
    if (!Number.isSafeInteger(next)) throw bad(`a member of ${size} bytes`, at);
    if (type === 'x' || type === 'L' || type === 'g' || type === 'K') {
      if (size > MAX_TAR_HEADER)
        throw new MigrationStreamError({
          code: 'limit-exceeded',
          message: `a tar header of ${size} bytes`,
          offset: at,
        });
      const body = new Uint8Array(size);
      await readExactly(outer, body, offset);
      if (type === 'L') longName = untilNul(body, 0, size);
      else if (type === 'x') {
        const records = paxRecords(body);
        longName = records.get('path') ?? longName;
        sparse = [...records.keys()].some((key) => key.startsWith('GNU.sparse.'));
        const said = Number(records.get('size') ?? Number.NaN);
        if (Number.isSafeInteger(said) && said >= 0) longSize = said;
      }
    } else {
      count += 1;
      if (count > MAX_TAR_MEMBERS)
        throw new MigrationStreamError({
          code: 'limit-exceeded',
          message: `more than ${MAX_TAR_MEMBERS} members in a tar archive`,
          offset: at,
        });
      const prefix = latin1(header, 257, 262) === 'ustar' && header[262] === 0 ? untilNul(header, 345, 500) : '';
      const name = longName ?? `${prefix === '' ? '' : `${prefix}/`}${untilNul(header, 0, 100)}`;
      const plain = !sparse && (type === '0' || type === '\0' || type === '7');
      yield { name, size: '0\x007S'.includes(type) ? size : 0, offset, plain, paxSize: longSize !== undefined };
      longName = longSize = undefined;
      sparse = false;
    }
    at = next;
  }
}

/** `into` from `at`; a pipe is read on to there. @throws MigrationStreamError code `truncated` */
async function readExactly(outer: ByteSource, into: Uint8Array, at: number): Promise<void> {
  let got = 0;
  while (got < into.length) {
    const more = await readSource(outer, into.subarray(got), at + got);
    if (more === 0)
      throw new MigrationStreamError({
        code: 'truncated',
        message: 'the tar archive ends too early',
        offset: at + got,
      });
    got += more;
  }
}

function checkSum(header: Uint8Array, at: number): void {
  const said = number(header, 148, 8, at);
  const sum = sumOf(header);
  if (sum !== said) throw bad(`a tar header whose checksum is ${said}, and should be ${sum}`, at);
}

/** The checksum's own field counts as spaces. */
function sumOf(header: Uint8Array): number {
  let sum = 8 * 0x20;
  for (const [i, byte] of header.entries()) if (i < 148 || i >= 156) sum += byte;
  return sum;
}

/** The same header for a member of `size` bytes: eleven octal digits, GNU's base-256 beyond 8 GiB. */
export function withSize(header: Uint8Array, size: number): Uint8Array {
  const changed = Uint8Array.from(header);
  if (size < 2 ** 33) changed.set(latin1Bytes(`${size.toString(8).padStart(11, '0')}\0`), 124);
  else {
    for (let i = 135, rest = size; i > 124; i -= 1, rest = Math.floor(rest / 256)) changed[i] = rest % 256;
    changed[124] = 0x80;
  }
  changed.set(latin1Bytes(`${sumOf(changed).toString(8).padStart(6, '0')}\0 `), 148);
  return changed;
}

/** Octal text, or GNU's base-256 with the top bit set. */
function number(header: Uint8Array, start: number, length: number, at: number): number {
  if ((header[start]! & 0x80) !== 0) {
    let value = header[start]! & 0x7f;
    for (let i = start + 1; i < start + length; i += 1) value = value * 256 + header[i]!;
    return value;
  }
  const text = untilNul(header, start, start + length).trim();
  if (!/^[0-7]*$/.test(text)) throw bad(`a tar header with the number ${JSON.stringify(text)}`, at);
  return text === '' ? 0 : Number.parseInt(text, 8);
}

function untilNul(bytes: Uint8Array, start: number, end: number): string {
  const nul = bytes.subarray(start, end).indexOf(0);
  return new TextDecoder().decode(bytes.subarray(start, nul === -1 ? end : start + nul));
}

/** "27 path=a/long/name\n", one after the other; what does not parse ends the list. */
function paxRecords(body: Uint8Array): Map<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < body.length;) {
    const match = /^(\d{1,7}) ([^=]{1,200})=/.exec(latin1(body, at, Math.min(body.length, at + 220)));
    const length = Number(match?.[1] ?? 0);
    if (match === null || length <= match[0].length || at + length > body.length) break;
    records.set(match[2]!, new TextDecoder().decode(body.subarray(at + match[0].length, at + length - 1)));
    at += length;
  }
  return records;
}

function bad(message: string, offset: number): MigrationStreamError {
  return new MigrationStreamError({
    code: 'bad-container',
    message,
    offset,
    hint: { code: 'same-by', program: 'tar -t' },
  });
}
