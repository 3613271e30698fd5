// Hints are codes below cli/ and report/: no text there names an option or a command of the command line, and every
// code has words that its values fill.

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

const src = fileURLToPath(new URL('../../../src', import.meta.url));
const sources = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
const commands = readdirSync(`${src}/cli/commands`).map((file) => file.replace('.ts', ''));

/** Options of other programs: bzip2's, QEMU's, apt's, ld.so's. */
const FOREIGN =
  /--(?:ignore-warn|version|error-on=any|download-only|tar-only|no-install-recommends|library-path|memlimit-decompress)(?![\w-])/g;
const OURS = new RegExp(`--(?:[a-z]|$)|\\bmstream (?:${commands.join('|')})\\b`);

/** Every piece of text in a string or template of `code`, comments excepted. */
function texts(code: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node))
      found.push(node.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('code.ts', code, ts.ScriptTarget.ES2022));
  return found;
}

const naming = (code: string): string[] => texts(code).filter((text) => OURS.test(text.replaceAll(FOREIGN, '')));

describe('below cli/ and report/', () => {
  const below = sources.filter((path) => !/^(?:cli|report)\/|^main\.ts$/.test(path));

  test('no text names an option or a command of the command line', () => {
    expect(below.length).toBeGreaterThan(300);
    const found = below.flatMap((path) => naming(readFileSync(`${src}/${path}`, 'utf8')).map((text) => [path, text]));
    expect(found).toEqual([]);
  });

  test.each([
    ["const hint = 'give it with --ram FILE';", 1],
    ['const hint = `two edits: --${edit}`;', 1],
    ["const hint = 'use `mstream verify`';", 1],
    ["// --ram FILE\nconst argv = ['-machine', '--version'];", 0],
  ])('the scan of %j finds %d', (code, count) => expect(naming(code)).toHaveLength(count));
});

test('every code is given somewhere, and its words use exactly its values', () => {
  const all = sources
    .filter((path) => path !== 'report/hints.ts' && path !== 'base/hint.ts')
    .map((path) => readFileSync(`${src}/${path}`, 'utf8'))
    .join('\n');
  const declared = readFileSync(`${src}/base/hint.ts`, 'utf8');
  const table = readFileSync(`${src}/report/hints.ts`, 'utf8');
  const rows = [...table.matchAll(/^ {2}(?:'([\w.-]+)'|([a-z]+)):\s+'(.*)',$/gm)];
  expect(rows.length).toBeGreaterThan(100);
  for (const [, quoted, plain, words] of rows) {
    const code = quoted ?? plain!;
    expect(all, code).toContain(`'${code}'`);
    const values = new RegExp(`^ {2}'?${code.replaceAll('.', '\\.')}'?: \\{(.*)\\};$`, 'm').exec(declared)?.[1] ?? '';
    const names = [...values.matchAll(/readonly (\w+):/g)].map((match) => match[1]);
    const used = [...words!.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!.replace('input', 'file'));
    expect([...new Set(used)].sort(), code).toEqual(names.sort());
  }
});
