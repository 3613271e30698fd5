// The architecture as checked data: every import of src against the layer table of docs/architecture.md, and the rules of
// form. The checker itself is fed sources that break each rule, so that it cannot rot into one that finds nothing.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readFacts, type SourceFacts } from './support/architecture/facts.js';
import {
  checkArchitecture,
  checkSizes,
  MAX_MEDIAN_LINES,
  MAX_LINES,
  MAX_TEST_LINES,
  reasons,
  violationText,
  type Rule,
} from './support/architecture/rules.js';
import { parseLayers } from './support/architecture/table.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const document = readFileSync(`${root}/docs/architecture.md`, 'utf8');
const layers = parseLayers(document);

function sources(folder: string): readonly string[] {
  return readdirSync(`${root}/${folder}`, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.ts'))
    .sort();
}

function facts(folder: string): readonly SourceFacts[] {
  return sources(folder).map((path) => readFacts(path, readFileSync(`${root}/${folder}/${path}`, 'utf8')));
}

describe('src', () => {
  const files = facts('src');

  test('is there', () => expect(files.length).toBeGreaterThan(50));

  test('keeps every rule of docs/architecture.md', () => {
    expect(checkArchitecture(layers, files).map(violationText).join('\n')).toBe('');
  });

  test('has no room that became an attic, and short files', () => expect(checkSizes(files)).toEqual([]));

  test('has the layers of the table, and no others', () => {
    const missing = layers.filter(
      (layer) => statSync(`${root}/src/${layer.path}`, { throwIfNoEntry: false }) === undefined,
    );
    expect(missing.map((layer) => layer.path)).toEqual([]);
  });

  test('is where docs/architecture.md sends a newcomer', () => {
    const places = document.split('## Where to go with …\n')[1]!.split('\n## ')[0]!;
    const paths = [...places.matchAll(/`((?:src|docs|test)\/[^`]*)`/g)].map((match) => match[1]!);
    expect(paths.length).toBeGreaterThan(10);
    expect(paths.filter((path) => statSync(`${root}/${path}`, { throwIfNoEntry: false }) === undefined)).toEqual([]);
  });

  test('uses the packages that the table grants, all of them listed in package.json', () => {
    const manifest = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as Record<
      'dependencies' | 'devDependencies',
      Record<string, string>
    >;
    const listed = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
    const granted = layers.flatMap((layer) => layer.packages.map((grant) => grant.name));
    expect(granted.filter((name) => !listed.includes(name))).toEqual([]);
  });
});

test('test/ keeps the rules of form: short files, each opening with a comment', () => {
  const broken = facts('test').filter((file) => file.lines > MAX_TEST_LINES || !file.opensWithComment);
  expect(
    broken.map(
      (file) => `test/${file.path}: ${file.lines} lines${file.opensWithComment ? '' : ', no opening comment'}`,
    ),
  ).toEqual([]);
});

describe('the checker', () => {
  const table = [
    '| layer | holds | may import | machine | packages |',
    '|---|---|---|---|---|',
    '| `base/` | | nothing | no | none |',
    '| `bytes/` | | all above | `bytes/node/` | `parser` in `bytes/header.ts` |',
    '| `ram/` | | all above | no | none |',
    '| `device/` | | all above, but `ram/` | no | none |',
    '| `stream/` | | all above; of `ram/`, `device/` only types | no | none |',
    '| `cli/` | | all above | yes | `args` |',
    '| `only/` | | only `base/` | no | none |',
  ].join('\n');
  const good = {
    'bytes/node/f.ts': '// F.\nexport const f = 1;\n',
    'base/a.ts': '// A.\nexport const a = 1;\nexport interface A {}\n',
    'ram/r.ts':
      '// R.\nexport const r = 1;\nexport interface R { process: number }\nexport const f = (x: R): number => x.process;\n',
    'device/d.ts': "// D.\nimport { a } from '../base/a.js';\nexport const d = a;\n",
  };

  function check(changes: Record<string, string>): readonly string[] {
    const files = Object.entries({ ...good, ...changes }).map(([path, text]) => readFacts(path, text));
    return checkArchitecture(parseLayers(table), files).map(({ rule, path, line }) => `${rule} ${path}:${line}`);
  }

  test('finds nothing in good sources', () => {
    expect(
      check({
        'stream/s.ts':
          "// S.\nimport type { R } from '../ram/r.js';\nimport { type A } from '../base/a.js';\nexport type { R, A };\n",
        'bytes/node/f.ts': "// F.\nimport { open } from 'node:fs/promises';\nexport { open, process };\n",
        'bytes/header.ts': "// H.\nexport { Parser } from 'parser/dist/x.js';\n",
        'cli/c.ts':
          "// C.\nexport const c = async () => [await import('args'), await import('../ram/r.js'), process.argv];\nswitch (1) { default: }\n",
        'only/o.ts': "// O.\nexport { a } from '../base/a.js';\n",
      }),
    ).toEqual([]);
  });

  const broken: readonly (readonly [Rule, string, string, number])[] = [
    ['layer', 'base/x.ts', "// X.\nimport { r } from '../ram/r.js';\n", 2],
    ['layer', 'base/x.ts', "// X.\nimport type { R } from '../ram/r.js';\n", 2],
    ['layer', 'base/x.ts', "// X.\nexport * from '../ram/r.js';\n", 2],
    ['layer', 'base/x.ts', "// X.\nexport type R = import('../ram/r.js').R;\n", 2],
    ['layer', 'base/x.ts', "// X.\nexport const r = () => import('../ram/r.js');\n", 2],
    ['layer', 'device/x.ts', "// X.\nimport { r } from '../ram/r.js';\n", 2],
    ['layer', 'only/x.ts', "// X.\nimport { r } from '../ram/r.js';\n", 2],
    ['types-only', 'stream/x.ts', "// X.\nimport { r } from '../ram/r.js';\n", 2],
    ['types-only', 'stream/x.ts', "// X.\nimport { type R, r } from '../ram/r.js';\n", 2],
    ['types-only', 'stream/x.ts', "// X.\nimport '../ram/r.js';\n", 2],
    ['cycle', 'base/x.ts', "// X.\nimport './x.js';\n", 2],
    ['cycle', 'base/x.ts', "// X.\nimport type { X } from './x.js';\n", 2],
    ['machine', 'ram/x.ts', "// X.\nimport { open } from 'node:fs';\n", 2],
    ['machine', 'bytes/x.ts', "// X.\nimport type { Stats } from 'node:fs';\n", 2],
    ['machine', 'ram/x.ts', "// X.\nimport { f } from '../bytes/node/f.js';\n", 2],
    ['machine', 'ram/x.ts', '// X.\nexport const x = process.argv;\n', 2],
    ['machine', 'ram/x.ts', '// X.\nexport const x = globalThis.process;\n', 2],
    ['machine', 'ram/x.ts', '// X.\nexport const x = { process };\n', 2],
    ['machine', 'ram/x.ts', '// X.\nexport const x = Buffer.alloc(1);\n', 2],
    ['package', 'ram/x.ts', "// X.\nimport { y } from 'args';\n", 2],
    ['package', 'bytes/x.ts', "// X.\nimport { y } from 'parser';\n", 2],
    ['package', 'cli/x.ts', "// X.\nexport const y = () => import('chalk');\n", 2],
    ['unresolved', 'ram/x.ts', "// X.\nimport { y } from './nowhere.js';\n", 2],
    ['unresolved', 'ram/x.ts', "// X.\nimport { y } from './r';\n", 2],
    ['unresolved', 'ram/x.ts', '// X.\nexport const y = (z: string) => import(z);\n', 2],
    ['homeless', 'utils/x.ts', '// X.\n', 1],
    ['length', 'ram/x.ts', `// X.\n${'\n'.repeat(MAX_LINES)}`, MAX_LINES + 1],
    ['comment', 'ram/x.ts', "import { r } from './r.js';\n// X.\n", 1],
    ['enum', 'ram/x.ts', '// X.\nexport enum X { A }\n', 2],
    ['enum', 'ram/x.ts', '// X.\nexport const enum X { A }\n', 2],
    ['default export', 'ram/x.ts', '// X.\nexport default 1;\n', 2],
    ['default export', 'ram/x.ts', '// X.\nexport default function x() {}\n', 2],
    ['default export', 'ram/x.ts', '// X.\nconst x = 1;\nexport { x as default };\n', 3],
    ['any', 'ram/x.ts', '// X.\nexport const x = 1 as any;\n', 2],
    ['any', 'ram/x.ts', '// X.\nexport function x(y: any[]): void {}\n', 2],
    ['console', 'ram/x.ts', "// X.\nconsole.log('x');\n", 2],
  ];

  test.each(broken)('finds %s in %s', (rule, path, text, line) => {
    expect(check({ [path]: text })).toEqual([`${rule} ${path}:${line}`]);
  });

  test('finds a circle of three, and names it', () => {
    const found = checkArchitecture(parseLayers(table), [
      readFacts('ram/a.ts', "// A.\nimport './b.js';\n"),
      readFacts('ram/b.ts', "// B.\nexport { c } from './c.js';\n"),
      readFacts('ram/c.ts', "// C.\nexport const c = () => import('./a.js');\n"),
    ]);
    expect(found.map(violationText)).toEqual([
      `src/ram/c.ts:2: cycle: ram/a.ts → ram/b.ts → ram/c.ts → ram/a.ts\n    because ${reasons.cycle}`,
    ]);
  });

  test('finds a room of more than a quarter, and a median that is too long', () => {
    const rooms = (lines: number): { path: string; lines: number }[] =>
      ['a/x.ts', 'b/x.ts', 'c/x.ts', 'd.ts'].map((path) => ({ path, lines }));
    expect(checkSizes(rooms(MAX_MEDIAN_LINES))).toEqual([]);
    expect(checkSizes(rooms(91))).toEqual(['the median file has 91 lines, more than 90']);
    expect(checkSizes([...rooms(10), { path: 'a/y/z.ts', lines: 1 }])).toEqual([
      'a/ holds 11 of 41 lines, more than 25 %',
    ]);
  });

  test('has been fed a breach of every rule', () => {
    expect(new Set(broken.map(([rule]) => rule))).toEqual(new Set(Object.keys(reasons)));
  });

  test.each([
    ['| `x/` | | sometimes | no | none |', 'x/: not understood: sometimes'],
    ['| `x/` | | all above, but `y/` | no | none |', 'x/ names y/, which does not stand above it'],
    ['| `x/` | | nothing | perhaps | none |', 'x/: not understood: perhaps'],
    ['| `x/` | | nothing | `y/` | none |', 'x/: not understood: `y/`'],
    ['| `x/` | | nothing | no | chalk |', 'x/: not understood: chalk'],
    ['| `x/` | | nothing | no | `chalk` in `y/z.ts` |', 'x/ grants chalk to y/z.ts, which is not in it'],
    ['| `x/` `y/` | | nothing | no | none |', 'one layer a row, not: `x/` `y/`'],
    ['| `x/` | nothing |', 'a row of 2 cells: `x/` | nothing'],
    ['', 'the layer table has no rows'],
  ])('refuses the row %j', (row, message) => {
    const head = table.split('\n').slice(0, 2);
    expect(() => parseLayers([...head, row].join('\n'))).toThrow(message);
  });

  test('refuses a document without the table', () => {
    expect(() => parseLayers('# Architecture\n')).toThrow('no table');
  });
});
