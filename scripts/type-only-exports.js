// Marks what the entries' declarations export and their code does not as types: the bundler of the declarations forgets
// that a class is exported by its type alone, and lets users write `new Session()` or `instanceof Room`, which fails at
// run time.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

const dist = new URL('../dist/', import.meta.url);

for (const file of readdirSync(dist).filter((name) => /^[a-z]+\.d\.c?ts$/.test(name))) {
  const code = new URL(file.replace(/\.d\.c?ts$/, '.js'), dist);
  const values = new Set(Object.keys(await import(code)));
  const text = readFileSync(new URL(file, dist), 'utf8');
  const marked = text.replace(/^export \{ (.*) \}/gm, (_, names) => {
    const each = names.split(', ').map((name) => {
      const isMarked = name.startsWith('type ') || values.has(name.split(' as ').at(-1));
      return isMarked ? name : `type ${name}`;
    });
    return `export { ${each.join(', ')} }`;
  });
  writeFileSync(new URL(file, dist), marked);
}
