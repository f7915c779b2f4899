import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const root = new URL('../../', import.meta.url);
const block = /^(?:<!-- (file|replace): (\S+) -->\s*)?```(\w+)\n([\s\S]*?)^```/gm;

/** What a reader of a guide does: save a file, replace a line of one, or run commands. */
export type Step =
  | { does: 'save' | 'replace'; file: string; code: string }
  | { does: 'run'; commands: readonly string[] };

/** The steps of each section of a guide, by the section's title. */
export async function stepsOf(document: string): Promise<Map<string, Step[]>> {
  const text = await readFile(new URL(document, root), 'utf8');
  const sections = text.split(/^## /m).slice(1);
  return new Map(sections.map((section) => [section.slice(0, section.indexOf('\n')), stepsIn(section)]));
}

function stepsIn(section: string): Step[] {
  return [...section.matchAll(block)].flatMap(([, kind, file, language, code = '']): Step[] => {
    if (file) return [{ does: kind === 'replace' ? 'replace' : 'save', file, code }];
    return language === 'sh' ? [{ does: 'run', commands: code.trim().split('\n') }] : [];
  });
}

/** Saves the files of a section. A replacement takes the place of the line that has the same call as its own last opening line. */
export async function saveFiles(steps: readonly Step[], folder: string): Promise<void> {
  for (const step of steps) {
    if (step.does === 'run') continue;
    const path = join(folder, step.file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(
      path,
      step.does === 'save' ? step.code : replaced(await readFile(path, 'utf8'), step.code),
    );
  }
}

/** `text` with `code` in place of the line that begins as a line of `code` does, up to the parenthesis. */
function replaced(text: string, code: string): string {
  const starts = code.split('\n').map((line) => line.split('(')[0]);
  const line = text
    .split('\n')
    .find((each) => each.includes('await ') && starts.includes(each.split('(')[0]));
  if (!line) throw new Error(`no line of the file is replaced by:\n${code}`);
  return text.replace(`${line}\n`, () => code);
}

/** The packages that the commands of a section install. */
export function installed(steps: readonly Step[]): string[] {
  const commands = steps.flatMap((step) => (step.does === 'run' ? step.commands : []));
  return commands
    .filter((command) => command.startsWith('npm install '))
    .flatMap((command) => command.split(' ').slice(2))
    .filter((word) => !word.startsWith('-'));
}
