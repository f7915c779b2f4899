// Fails when a regular expression in src/ can take more than linear time for some text (ReDoS), or when recheck can't
// tell. Clients send much of what they are applied to.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { check } from 'recheck';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** ms for one expression, on a busy machine and without recheck's native program. */
const TIMEOUT_MS = 60_000;

/** The regular expressions of a file, and where they are; without `pattern` where it is known at run time only. */
function regexpsOf(file) {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  const found = [];
  const add = (node, rest) => {
    const { line } = source.getLineAndCharacterOfPosition(node.getStart());
    found.push({ text: node.getText(), where: `${relative(ROOT, file)}:${line + 1}`, ...rest });
  };
  const visit = (node) => {
    if (ts.isRegularExpressionLiteral(node)) {
      const end = node.text.lastIndexOf('/');
      add(node, { pattern: node.text.slice(1, end), flags: node.text.slice(end + 1) });
    } else if (
      (ts.isNewExpression(node) || ts.isCallExpression(node)) &&
      node.expression.getText() === 'RegExp'
    ) {
      add(node, {});
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** What is wrong with a regular expression; undefined where it is safe. */
async function faultOf({ pattern, flags }) {
  if (pattern === undefined)
    return 'is made at run time and can not be checked: write a literal, or use no RegExp';
  const { status, complexity, attack, error } = await check(pattern, flags, { timeout: TIMEOUT_MS });
  if (status === 'safe') return undefined;
  if (status === 'unknown') return `can not be checked (${error?.kind}): write a simpler one`;
  return `is ${complexity?.summary ?? 'vulnerable'}; slow for ${attack?.pattern}`;
}

const regexps = readdirSync(join(ROOT, 'src'), { recursive: true })
  .filter((name) => name.endsWith('.ts'))
  .flatMap((name) => regexpsOf(join(ROOT, 'src', name)));
for (const regexp of regexps) {
  const fault = await faultOf(regexp);
  if (fault === undefined) continue;
  console.error(`${regexp.where} ${regexp.text} ${fault}.`);
  process.exitCode = 1;
}
