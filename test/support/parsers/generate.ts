// Makes src/wire/kit/foreign-parsers.ts: for each fixed header of a foreign format, the code that binary-parser makes
// from the list of fields. A new header gets a row in `headers`, then `npm run parsers`.

import { Parser } from 'binary-parser/dist/binary_parser.js';
import { format } from 'prettier';
import manifest from '../../../package.json' with { type: 'json' };
import { libvirtBig, libvirtLittle } from '../../../src/container/libvirt/header.js';
import { extensionFields, headerFields, headerFields3, snapshotFields } from '../../../src/container/qcow2/layout.js';
import { elfBig, elfLittle, limeHeader } from '../../../src/container/recognise/dump-headers.js';
import type { ForeignField, ForeignHeader } from '../../../src/wire/kit/foreign.js';
import { multifdInitial } from '../../../src/wire/multifd-initial.js';

/** Every fixed header. */
export const headers: readonly ForeignHeader<Readonly<Record<string, ForeignField<unknown>>>>[] = [
  libvirtLittle,
  libvirtBig,
  headerFields,
  headerFields3,
  extensionFields,
  snapshotFields,
  multifdInitial,
  elfLittle,
  elfBig,
  limeHeader,
];

/** binary-parser's parser of a header. */
export function parserOf({ fields, littleEndian }: (typeof headers)[number]): Parser {
  return Object.entries(fields).reduce(
    (parser, [key, { method, width }]) =>
      method === 'buffer' ? parser.buffer(key, { length: width }) : parser[method](key),
    new Parser().endianness(littleEndian ? 'little' : 'big'),
  );
}

const HEAD = `// Made by \`npm run parsers\`: the code of binary-parser for every fixed header of a foreign format, so that no code is
// compiled at run time. Each parser needs the whole header, and does not check the length of its input.

/** The fields of a header by name: numbers, BigInts for 64 bits, loans of bytes. */
type ForeignParser = (buffer: Uint8Array) => Readonly<Record<string, unknown>>;
`;

/** The whole file, formatted. */
export function parsersFile(): Promise<string> {
  const rows = headers.map((header) => `${header.parser}(buffer: Uint8Array) {\n${bodyOf(header)}\n},`);
  const source = `${HEAD}\nexport const parsers = {\n${rows.join('\n')}\n} satisfies Readonly<Record<string, ForeignParser>>;\n`;
  return format(source, { parser: 'typescript', ...(manifest.prettier as object) });
}

/** The code of binary-parser with a type for its result, and without the names that only nested parsers use. */
function bodyOf(header: (typeof headers)[number]): string {
  return parserOf(header)
    .getCode()
    .replace('var dataView =', 'const dataView =')
    .replace('var offset =', 'let offset =')
    .replace('var vars = {}', 'const vars: Record<string, unknown> = {}')
    .replaceAll(/getUint8\(offset, \w+\)/g, 'getUint8(offset)')
    .replaceAll(/^(vars\.\$|delete vars\.\$).*\n/gm, '')
    .replace(/^offset \+= \d+;\n(?=return)/m, '');
}
