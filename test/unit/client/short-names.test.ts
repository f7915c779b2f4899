import { resolve } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { CLIENT_NAMES } from '../../../scripts/client-names.js';

const root = resolve(import.meta.dirname, '../../..');
const entry = resolve(root, 'src/client/index.ts');
const { config } = ts.readConfigFile(resolve(root, 'tsconfig.json'), ts.sys.readFile);
const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
const program = ts.createProgram([entry], options);
const checker = program.getTypeChecker();

const isOfClient = (node: ts.Node) => node.getSourceFile().fileName.startsWith(`${root}/src/client/`);
const isMember = (node: ts.Node): node is ts.TypeElement | ts.ClassElement =>
  ts.isTypeElement(node) || ts.isClassElement(node);

function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

/** The names of all members that are declared in a node: of interfaces, classes and type literals. */
function membersIn(node: ts.Node): string[] {
  const names: string[] = [];
  walk(node, (each) => {
    if (isMember(each) && each.name && ts.isIdentifier(each.name)) names.push(each.name.text);
  });
  return names;
}

/** What is accessed by a name: `object.name`, or `{ name }` on the left of an assignment. */
function memberAt(node: ts.Node): ts.Symbol | undefined {
  if (ts.isPropertyAccessExpression(node)) return checker.getSymbolAtLocation(node.name);
  const isBinding = ts.isBindingElement(node) && ts.isObjectBindingPattern(node.parent);
  const name = isBinding ? (node.propertyName ?? node.name) : undefined;
  if (!isBinding || !name || !ts.isIdentifier(name)) return undefined;
  return checker.getPropertyOfType(checker.getTypeAtLocation(node.parent), name.text);
}

/** The members of all types that a module exports. */
function exportedMembers(path: string): string[] {
  const module = checker.getSymbolAtLocation(program.getSourceFile(resolve(root, path)) as ts.SourceFile);
  return checker
    .getExportsOfModule(module as ts.Symbol)
    .map((symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol))
    .flatMap((symbol) => symbol.declarations ?? [])
    .flatMap(membersIn);
}

const listed = (names: Iterable<string>) => [...new Set(names)].filter((name) => CLIENT_NAMES.includes(name));

test.each([
  ['the public API', 'src/client/index.ts', 'trackId'],
  ['a message to or from the relay', 'src/protocol/messages.ts', 'closeCode'],
])('no member of %s gets a short name', (_, path, example) => {
  const members = exportedMembers(path);
  expect(members).toContain(example);
  expect(listed(members)).toEqual([]);
});

test('no member of what the browser gives gets a short name, and each of the list is one of the client', () => {
  const foreign: string[] = [];
  const own: string[] = [];
  for (const file of program.getSourceFiles().filter(isOfClient))
    walk(file, (node) => {
      const member = memberAt(node);
      const isOwn = member?.declarations?.every(isOfClient) ?? true;
      if (member) (isOwn ? own : foreign).push(member.name);
    });
  expect(listed(foreign)).toEqual([]);
  expect(listed(own).sort()).toEqual([...CLIENT_NAMES].sort());
});
