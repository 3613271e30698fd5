// What the architecture rules need to know of one source file, read with the TypeScript compiler's parser: what it
// imports and how, and the words that have no place in src. Knows no rule.

import ts from 'typescript';

export interface Import {
  /** As it stands in the source; undefined: computed at run time. */
  readonly specifier: string | undefined;
  /** Nothing of it is left in the JavaScript. */
  readonly typeOnly: boolean;
  readonly line: number;
}

export interface Mention {
  readonly what: 'any' | 'enum' | 'default export' | 'console' | 'process' | 'Buffer';
  readonly line: number;
}

export interface SourceFacts {
  /** Relative to src, with slashes. */
  readonly path: string;
  readonly lines: number;
  readonly opensWithComment: boolean;
  readonly imports: readonly Import[];
  readonly mentions: readonly Mention[];
}

export function readFacts(path: string, text: string): SourceFacts {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true, ts.ScriptKind.TS);
  const imports: Import[] = [];
  const mentions: Mention[] = [];
  const line = (node: ts.Node): number => source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;

  const visit = (node: ts.Node): void => {
    const found = importOf(node);
    if (found !== undefined) imports.push({ ...found, line: line(node) });
    const what = mentionOf(node);
    if (what !== undefined) mentions.push({ what, line: line(node) });
    ts.forEachChild(node, visit);
  };
  visit(source);

  return {
    path,
    lines: text.split('\n').length - (text.endsWith('\n') ? 1 : 0),
    opensWithComment: /^\/[/*]/.test(text),
    imports,
    mentions,
  };
}

function importOf(node: ts.Node): Omit<Import, 'line'> | undefined {
  if (ts.isImportDeclaration(node))
    return { specifier: literal(node.moduleSpecifier), typeOnly: importsTypes(node.importClause) };
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
    return { specifier: literal(node.moduleSpecifier), typeOnly: node.isTypeOnly || allTypes(node.exportClause) };
  }
  if (ts.isImportTypeNode(node)) {
    return {
      specifier: ts.isLiteralTypeNode(node.argument) ? literal(node.argument.literal) : undefined,
      typeOnly: true,
    };
  }
  if (ts.isImportEqualsDeclaration(node) && ts.isExternalModuleReference(node.moduleReference)) {
    return { specifier: literal(node.moduleReference.expression), typeOnly: node.isTypeOnly };
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    return { specifier: literal(node.arguments[0]), typeOnly: false };
  }
  return undefined;
}

function importsTypes(clause: ts.ImportClause | undefined): boolean {
  // `import './x.js'` is for its effect.
  if (clause === undefined) return false;
  if (clause.isTypeOnly) return true;
  return clause.name === undefined && allTypes(clause.namedBindings);
}

function allTypes(names: ts.NamedImportBindings | ts.NamedExportBindings | undefined): boolean {
  if (names === undefined || !(ts.isNamedImports(names) || ts.isNamedExports(names))) return false;
  return names.elements.length > 0 && names.elements.every((element) => element.isTypeOnly);
}

function literal(node: ts.Node | undefined): string | undefined {
  return node !== undefined && ts.isStringLiteralLike(node) ? node.text : undefined;
}

function mentionOf(node: ts.Node): Mention['what'] | undefined {
  if (node.kind === ts.SyntaxKind.AnyKeyword) return 'any';
  if (ts.isEnumDeclaration(node)) return 'enum';
  if (ts.isExportAssignment(node) || node.kind === ts.SyntaxKind.DefaultKeyword)
    return isDefaultExport(node) ? 'default export' : undefined;
  if (ts.isExportSpecifier(node) && node.name.text === 'default') return 'default export';
  if (ts.isIdentifier(node) && isWatched(node.text) && isGlobal(node)) return node.text;
  return undefined;
}

/** `export default f` is an assignment; `export default function f()` carries the keyword among its modifiers. */
function isDefaultExport(node: ts.Node): boolean {
  return ts.isExportAssignment(node) || !ts.isDefaultClause(node.parent);
}

/** A use of the global, not a property, a field or a parameter that happens to have its name. */
function isGlobal(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent) && parent.name === node)
    return parent.expression.getText() === 'globalThis';
  if (ts.isQualifiedName(parent) && parent.right === node) return false;
  const named = parent as { readonly name?: ts.Node; readonly propertyName?: ts.Node };
  const shorthand = ts.isShorthandPropertyAssignment(parent);
  return shorthand || (named.name !== node && named.propertyName !== node);
}

type WatchedGlobal = 'console' | 'process' | 'Buffer';

function isWatched(name: string): name is WatchedGlobal {
  return name === 'console' || name === 'process' || name === 'Buffer';
}
