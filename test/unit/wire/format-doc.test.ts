// docs/format.md against the code: every field list that the document shows is what the codec says of itself.
import { commands } from '../../../src/release/records.js';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { commandHeader, commandFacts } from '../../../src/wire/command.js';
import { configurationSection } from '../../../src/wire/configuration.js';
import { layouts } from '../../../src/wire/dialect.js';
import { fileHeader } from '../../../src/wire/file-header.js';
import { mappedRamHeader } from '../../../src/wire/mapped-ram.js';
import { pageHeader } from '../../../src/wire/page-header.js';
import { ramBlockEntry } from '../../../src/wire/ram-block.js';
import { sectionFooter, sectionHeader, sectionHeaderShort } from '../../../src/wire/section.js';
import { subsectionHeader } from '../../../src/wire/subsection.js';

const records = new Map<string, string>([
  ['file header', fileHeader.describe()],
  ['section header (START, FULL)', sectionHeader.describe()],
  ['section header (PART, END)', sectionHeaderShort.describe()],
  ['section footer', sectionFooter.describe()],
  ['subsection header', subsectionHeader.describe()],
  ['command', commandHeader.describe()],
  ['configuration', configurationSection.describe()],
  ['page record header', pageHeader(4096).describe().replaceAll('|', '\\|')],
  ['mapped-ram header', mappedRamHeader.describe()],
  ...Object.values(layouts).map((layout): [string, string] => [
    `block list entry, ${layout.name}`,
    ramBlockEntry(layout, 4096).describe(),
  ]),
]);

const text = readFileSync(new URL('../../../docs/format.md', import.meta.url), 'utf8');
const rows = new Map(
  [
    ...text
      .split('## Records')[1]!
      .split('\n###')[0]!
      .matchAll(/^\| (.+?) \| `(.+)` \|$/gm),
  ].map((row) => [row[1]!, row[2]!]),
);

test('the document lists exactly the records that the code has', () => {
  expect([...rows.keys()].sort()).toEqual([...records.keys()].sort());
});

test.each([...records])('%s', (name, fields) => {
  expect(rows.get(name)).toBe(fields);
});

test('every command with its release', () => {
  for (const { name } of Object.values(commandFacts)) {
    const since = commands[name].since ?? '';
    expect(text, name).toMatch(new RegExp(`\\b${name}\\b.*\\| ${since.replace('.', '\\.')}`));
  }
});
