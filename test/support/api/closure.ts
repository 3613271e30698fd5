// Walks the emitted declarations of the public entries: every type that an exported signature names must be exported.

import { join, relative } from 'node:path';
import ts from 'typescript';

export interface MissingType {
  /** The exported name whose signature names the type. */
  readonly user: string;
  readonly type: string;
  /** Where the type is declared, relative to src. */
  readonly module: string;
}

/** For each of `entries` (relative to src), the types that its exports name and that no entry exports. */
export function unexportedTypes(root: string, entries: readonly string[]): ReadonlyMap<string, readonly MissingType[]> {
  const src = join(root, 'src');
  const program = declarationProgram(root, entries);
  const checker = program.getTypeChecker();
  const exportsOf = (entry: string): readonly ts.Symbol[] => {
    const file = program.getSourceFile(join(src, entry.replace(/\.ts$/, '.d.ts')));
    const module = file && checker.getSymbolAtLocation(file);
    if (module === undefined) throw new Error(`${entry} exports nothing`);
    return checker.getExportsOfModule(module);
  };
  const resolved = (symbol: ts.Symbol): ts.Symbol =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const exported = new Set(entries.flatMap((entry) => exportsOf(entry).map(resolved)));
  return new Map(
    entries.map((entry) => {
      const names = exportsOf(entry);
      const missing = new Map<ts.Symbol, MissingType>();
      const visit = (node: ts.Node, user: string, typeOnly: boolean): void => {
        // The document shows the members of a type that is made of a constant (declarations.ts).
        if (isPrivate(node) || (ts.isTypeAliasDeclaration(node) && node.getText().includes('typeof'))) return;
        if (typeOnly && ts.isConstructorDeclaration(node)) return;
        if (ts.isIdentifier(node) && !isOwnName(node)) {
          const found = checker.getSymbolAtLocation(node);
          const symbol = found && resolved(found);
          const declaration = symbol?.declarations?.[0];
          if (symbol !== undefined && declaration !== undefined && isOurs(declaration, src) && !exported.has(symbol))
            missing.set(symbol, {
              user,
              type: symbol.name,
              module: relative(src, declaration.getSourceFile().fileName).replace(/\.d\.ts$/, ''),
            });
        }
        ts.forEachChild(node, (child) => visit(child, user, typeOnly));
      };
      for (const name of names)
        for (const declaration of resolved(name).declarations ?? []) visit(declaration, name.name, isTypeOnly(name));
      return [entry, [...missing.values()]];
    }),
  );
}

/** A program over the declarations that tsc would emit, held in memory. */
function declarationProgram(root: string, entries: readonly string[]): ts.Program {
  const config = ts.getParsedCommandLineOfConfigFile(
    join(root, 'tsconfig.json'),
    {},
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined },
  );
  if (config === undefined) throw new Error('no tsconfig.json');
  const files = new Map<string, string>();
  const options = { ...config.options, outDir: join(root, 'src') };
  const roots = entries.map((entry) => join(root, 'src', entry));
  ts.createProgram(roots, options).emit(undefined, (name, text) => files.set(name, text), undefined, true);
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (name) => files.has(name) || (fileExists(name) && !isSource(name, root));
  host.readFile = (name) => files.get(name) ?? readFile(name);
  host.getSourceFile = (name, language, ...rest) => {
    const text = files.get(name);
    return text === undefined
      ? getSourceFile(name, language, ...rest)
      : ts.createSourceFile(name, text, language, true);
  };
  return ts.createProgram([...files.keys()], { ...options, noEmit: true }, host);
}

const isSource = (name: string, root: string): boolean =>
  name.startsWith(join(root, 'src/')) && !name.endsWith('.d.ts');

/** Exported with `type`. */
function isTypeOnly(symbol: ts.Symbol): boolean {
  return (symbol.declarations ?? []).some(
    (each) => ts.isExportSpecifier(each) && (each.isTypeOnly || each.parent.parent.isTypeOnly),
  );
}

/** A top-level declaration of src, not a member, a parameter or a type parameter. */
function isOurs(declaration: ts.Declaration, src: string): boolean {
  if (!declaration.getSourceFile().fileName.startsWith(`${src}/`)) return false;
  const statement = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
  return ts.isSourceFile(statement.parent);
}

/** The name of a declaration itself. */
function isOwnName(node: ts.Identifier): boolean {
  return (node.parent as { readonly name?: ts.Node }).name === node && !ts.isPropertyAccessExpression(node.parent);
}

function isPrivate(node: ts.Node): boolean {
  if (!ts.canHaveModifiers(node)) return false;
  return (ts.getModifiers(node) ?? []).some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword);
}
