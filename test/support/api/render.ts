// docs/api.md: the public declarations as a document, grouped by where they stand. `npm run api` writes it, a test
// holds it against the code.

import { publicDeclarations, type Declaration } from './declarations.js';

export interface Entry {
  readonly name: string;
  readonly declarations: readonly Declaration[];
}

/** What package.json's `exports` lead to. */
export function readApi(root: string): readonly Entry[] {
  const names = ['qemu-mstream', 'qemu-mstream/qmp'];
  return publicDeclarations(root, ['index.ts', 'qemu/qmp/index.ts']).map((declarations, i) => ({
    name: names[i] ?? '',
    declarations,
  }));
}

export function renderApi(api: readonly Entry[]): string {
  const parts = api.map(({ name, declarations }) => `## ${name}\n\n${renderEntry(declarations)}`);
  return (
    [
      '# The library',
      'Made from the declarations by `npm run api`; a test holds the two together. Comments are those of the source.',
      ...parts,
    ].join('\n\n') + '\n'
  );
}

function renderEntry(declarations: readonly Declaration[]): string {
  const modules = new Map<string, Declaration[]>();
  for (const declaration of declarations) {
    const list = modules.get(declaration.module) ?? [];
    modules.set(declaration.module, [...list, declaration]);
  }
  return [...modules]
    .map(([module, list]) => `### ${module}\n\n${list.map(renderDeclaration).join('\n\n')}`)
    .join('\n\n');
}

function renderDeclaration({ name, comment, text }: Declaration): string {
  const about = comment === '' ? '' : `${prose(comment)}\n\n`;
  return `#### ${name}\n\n${about}\`\`\`ts\n${text.replace(/^( {4})+/gm, (indent) => ' '.repeat(indent.length / 2))}\n\`\`\``;
}

/** `@throws X when` becomes a line of its own. */
function prose(comment: string): string {
  return comment.replace(/\n?@(\w+) /g, (_match, tag: string) => `\n\n*${tag}*: `).trim();
}
