import { type ParseArgsConfig, parseArgs } from 'node:util';
import { UsageError } from './terminal.js';

type Options = NonNullable<ParseArgsConfig['options']>;

type Parsed<O extends Options> = ReturnType<
  typeof parseArgs<{ args: string[]; options: O; allowPositionals: true; strict: true }>
>;

/**
 * Reads a command line.
 * @throws UsageError an option is unknown, is repeated, or lacks its value
 */
export function readArguments<const O extends Options>(args: readonly string[], options: O): Parsed<O> {
  try {
    const parsed = parseArgs({
      args: [...args],
      options,
      allowPositionals: true,
      strict: true,
      tokens: true,
    });
    const given = new Set<string>();
    for (const token of parsed.tokens) {
      if (token.kind !== 'option') continue;
      if (given.has(token.name) && options[token.name]?.multiple !== true)
        throw new UsageError(`--${token.name} is given twice.`);
      given.add(token.name);
    }
    return parsed as unknown as Parsed<O>;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    // The advice that follows the first sentence is about positional arguments.
    const [fault = 'The command line is wrong'] = (error as Error).message.split(/\.\s/, 1);
    throw new UsageError(`${fault.replace(/\.$/, '')}.`);
  }
}
