// The public declarations of the package, read from what tsc would emit: for each entry, each exported name with its
// comment and its declaration as a user's editor shows it.

import { dirname, join, relative } from 'node:path';
import ts from 'typescript';

export interface Declaration {
  readonly name: string;
  /** Relative to src, without extension: where it stands. */
  readonly module: string;
  /** Of the comment in front, without decoration; empty: there is none. */
  readonly comment: string;
  /** As emitted, without `export declare` and private members. */
  readonly text: string;
  /** Exported as a type, also if it is a class. */
  readonly typeOnly: boolean;
}

/** `entries`: relative to src, e.g. `api/index.ts`; for each, what it exports, in its own order. */
export function publicDeclarations(root: string, entries: readonly string[]): readonly (readonly Declaration[])[] {
  const src = join(root, 'src');
  const program = programOf(root, entries);
  const checker = program.getTypeChecker();
  const emitted = new Map<string, ts.SourceFile>();

  const declarationsOf = (file: string): ts.SourceFile => {
    const known = emitted.get(file);
    if (known !== undefined) return known;
    let text: string | undefined;
    program.emit(program.getSourceFile(file), (_name, content) => (text = content), undefined, true);
    if (text === undefined) throw new Error(`${file} emits no declarations`);
    const parsed = ts.createSourceFile(file.replace(/\.ts$/, '.d.ts'), text, ts.ScriptTarget.ES2022, true);
    emitted.set(file, parsed);
    return parsed;
  };

  const find = (file: string, name: string): Omit<Declaration, 'typeOnly'> => {
    const source = declarationsOf(file);
    for (const statement of source.statements) {
      if (namesOf(statement).includes(name)) {
        const found = describe(source, statement, name, relative(src, file).replace(/\.ts$/, ''));
        return { ...found, text: expanded(file, name) ?? found.text };
      }
      const from = reexport(statement, name);
      if (from !== undefined) return find(join(dirname(file), from.module.replace(/\.js$/, '.ts')), from.name);
    }
    throw new Error(`${file} does not declare ${name}`);
  };

  /** A type that is made of a constant, as its members: the constant itself may be private. */
  const expanded = (file: string, name: string): string | undefined => {
    const alias = program.getSourceFile(file)?.statements.find((each) => namesOf(each).includes(name));
    if (alias === undefined || !ts.isTypeAliasDeclaration(alias) || !alias.getText().includes('typeof'))
      return undefined;
    const flags =
      ts.TypeFormatFlags.NoTruncation | ts.TypeFormatFlags.InTypeAlias | ts.TypeFormatFlags.MultilineObjectLiterals;
    return `type ${name} = ${checker.typeToString(checker.getTypeAtLocation(alias.name), alias, flags)};`;
  };

  const exportsOf = (statement: ts.Statement, file: string): readonly Declaration[] => {
    if (
      !ts.isExportDeclaration(statement) ||
      statement.exportClause === undefined ||
      !ts.isNamedExports(statement.exportClause)
    ) {
      throw new Error(`${file} may only hold named re-exports, not: ${statement.getText()}`);
    }
    return statement.exportClause.elements.map((element) => {
      const typeOnly = statement.isTypeOnly || element.isTypeOnly;
      const found = find(file, element.name.text);
      return { ...found, text: typeOnly ? withoutConstructor(found.text) : found.text, typeOnly };
    });
  };
  return entries
    .map((entry) => join(src, entry))
    .map((file) => declarationsOf(file).statements.flatMap((statement) => exportsOf(statement, file)));
}

/** Nobody can construct what is exported as a type. */
function withoutConstructor(text: string): string {
  return text.replace(/\n {4}(\/\*\*(?:(?!\*\/)[^])*\*\/\n {4})?constructor\([^]*?\);(?=\n)/, '');
}

function programOf(root: string, entries: readonly string[]): ts.Program {
  const config = ts.getParsedCommandLineOfConfigFile(
    join(root, 'tsconfig.json'),
    {},
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined },
  );
  if (config === undefined) throw new Error('no tsconfig.json');
  const roots = entries.map((entry) => join(root, 'src', entry));
  return ts.createProgram(roots, config.options);
}

function namesOf(statement: ts.Statement): readonly string[] {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.map((declaration) => declaration.name.getText());
  const { name } = statement as { readonly name?: ts.Identifier };
  return name === undefined ? [] : [name.text];
}

function reexport(
  statement: ts.Statement,
  name: string,
): { readonly module: string; readonly name: string } | undefined {
  if (
    !ts.isExportDeclaration(statement) ||
    statement.moduleSpecifier === undefined ||
    !ts.isStringLiteral(statement.moduleSpecifier)
  )
    return undefined;
  if (statement.exportClause === undefined || !ts.isNamedExports(statement.exportClause)) return undefined;
  const element = statement.exportClause.elements.find((candidate) => candidate.name.text === name);
  return element && { module: statement.moduleSpecifier.text, name: (element.propertyName ?? element.name).text };
}

function describe(
  source: ts.SourceFile,
  statement: ts.Statement,
  name: string,
  module: string,
): Omit<Declaration, 'typeOnly'> {
  // Overloads stand one after the other; only the first may carry the comment.
  const all = source.statements.filter((candidate) => namesOf(candidate).includes(name));
  const privates = all.flatMap((each) => (ts.isClassDeclaration(each) ? each.members.filter(isPrivate) : []));
  const text = all
    .map((each) => {
      const start = each.getStart();
      const cuts = privates
        .filter((member) => member.parent === each)
        .map((member) => [member.getFullStart() - start, member.end - start] as const);
      return cuts.reduceRight((rest, [from, to]) => rest.slice(0, from) + rest.slice(to), each.getText());
    })
    .map((each) => each.replace(/^export (declare )?/, ''))
    .join('\n');
  return { name, module, comment: commentOf(source, statement), text };
}

function isPrivate(member: ts.ClassElement): boolean {
  const modifiers = ts.canHaveModifiers(member) ? (ts.getModifiers(member) ?? []) : [];
  return (
    modifiers.some((modifier) => modifier.kind === ts.SyntaxKind.PrivateKeyword) ||
    (member.name !== undefined && ts.isPrivateIdentifier(member.name))
  );
}

function commentOf(source: ts.SourceFile, statement: ts.Statement): string {
  const last = ts.getLeadingCommentRanges(source.text, statement.getFullStart())?.at(-1);
  const text = last === undefined ? '' : source.text.slice(last.pos, last.end);
  if (!text.startsWith('/**')) return '';
  return text
    .slice(3, -2)
    .split('\n')
    .map((line) => line.replace(/^\s*\*? ?/, '').trimEnd())
    .join('\n')
    .trim();
}
