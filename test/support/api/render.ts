// docs/api/: the public declarations as documents, one page for each sub-path of the package, each with an example that
// test/examples.test.ts runs. `npm run api` writes them, a test compares them with the code.

import { readFileSync } from 'node:fs';
import { publicDeclarations, type Declaration } from './declarations.js';

/** The sub-paths of the package: how it is imported, its page in docs/api/, and its file in src. */
export const entries = [
  { name: 'qemu-mstream', page: 'index', file: 'api/index.ts' },
  { name: 'qemu-mstream/node', page: 'node', file: 'api/node.ts' },
  { name: 'qemu-mstream/vmstate', page: 'vmstate', file: 'api/vmstate.ts' },
  { name: 'qemu-mstream/verify', page: 'verify', file: 'api/verify.ts' },
  { name: 'qemu-mstream/transplant', page: 'transplant', file: 'api/transplant.ts' },
  { name: 'qemu-mstream/qmp', page: 'qmp', file: 'qemu/qmp/index.ts' },
] as const;

export interface Entry {
  readonly name: string;
  readonly page: string;
  /** The first comment of the entry's file, without its name. */
  readonly about: string;
  readonly declarations: readonly Declaration[];
  /** A program, and what it prints. */
  readonly example: { readonly source: string; readonly output: string };
}

/** What package.json's `exports` lead to. */
export function readApi(root: string): readonly Entry[] {
  const files = entries.map(({ file }) => file);
  const read = (path: string): string => readFileSync(`${root}/${path}`, 'utf8');
  return publicDeclarations(root, files).map((declarations, i) => {
    const { name, page, file } = entries[i]!;
    const example = { source: read(`test/examples/${page}.mjs`), output: read(`test/examples/${page}.txt`) };
    return { name, page, about: aboutOf(read(`src/${file}`)), declarations, example };
  });
}

/** `// `qemu-mstream/x`: what it is.` without the name. */
function aboutOf(source: string): string {
  const lines = /^(\/\/.*\n)+/.exec(source)?.[0] ?? '';
  const text = lines
    .replaceAll(/^\/\/ ?/gm, '')
    .replaceAll('\n', ' ')
    .trim();
  const about = text.replace(/^`[^`]+`: /, '');
  return about.charAt(0).toUpperCase() + about.slice(1);
}

/** The pages by file name. */
export function renderApi(api: readonly Entry[]): ReadonlyMap<string, string> {
  return new Map(api.map((entry) => [`${entry.page}.md`, renderPage(api, entry)]));
}

function renderPage(api: readonly Entry[], { name, about, declarations, example }: Entry): string {
  const others = api.map((entry) => (entry.name === name ? `\`${name}\`` : `[\`${entry.name}\`](${entry.page}.md)`));
  const parts = [
    `# ${name}`,
    about,
    `The sub-paths: ${others.join(', ')}.`,
    '`npm run api` makes this page from the declarations.',
    '## Example',
    `\`\`\`js\n${example.source.replace(/^(\/\/.*\n)+\n?/, '').trimEnd()}\n\`\`\``,
    `It prints:\n\n\`\`\`text\n${example.output.trimEnd()}\n\`\`\``,
    '## Exports',
    ...declarations.map(renderDeclaration),
  ];
  return `${wrap(parts).join('\n\n')}\n`;
}

/** Paragraphs at 120 columns. */
function wrap(parts: readonly string[]): string[] {
  return parts.map((part) => (part.includes('\n') ? part : part.replaceAll(/(?=.{121})(.{1,120}) /g, '$1\n')));
}

function renderDeclaration({ name, comment, text }: Declaration): string {
  const about = comment === '' ? '' : `${prose(comment)}\n\n`;
  return `### ${name}\n\n${about}\`\`\`ts\n${text.replace(/^( {4})+/gm, (indent) => ' '.repeat(indent.length / 2))}\n\`\`\``;
}

/** `@throws X when` becomes a line of its own. */
function prose(comment: string): string {
  return comment.replace(/\n?@(\w+) /g, (_match, tag: string) => `\n\n*${tag}*: `).trim();
}
