import { readFileSync } from 'node:fs';
import { RelayError } from '../protocol/errors.js';
import { checkCommand } from './check/check-command.js';
import { type Command, type ExitCode, type Terminal, UsageError } from './terminal.js';
import { token } from './token/token-command.js';

const COMMANDS: Readonly<Record<string, Command>> = { check: checkCommand, token };

const HELP = `Usage: sfu-relay <command> [options]

  check    takes the way of a client to a relay, and says what is wrong
  token    signs a token for development, and prints it

sfu-relay <command> --help lists the options of a command.
`;

/** Runs the command that the arguments name. Never rejects. */
export async function run(args: readonly string[], terminal: Terminal): Promise<{ exitCode: ExitCode }> {
  const [name, ...rest] = args;
  const command = name === undefined || !Object.hasOwn(COMMANDS, name) ? undefined : COMMANDS[name];
  try {
    return { exitCode: command ? await runCommand(command, rest, terminal) : runNone(name, terminal) };
  } catch (error) {
    const isExpected = error instanceof UsageError || error instanceof RelayError;
    const fault = isExpected ? error.message : String((error as Error)?.stack ?? error);
    terminal.err(`sfu-relay: ${fault}\n`);
    if (error instanceof UsageError)
      terminal.err(`sfu-relay ${command ? `${name} ` : ''}--help lists what is possible.\n`);
    return { exitCode: 2 };
  }
}

async function runCommand(command: Command, args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  if (args.includes('--help') || args.includes('-h')) {
    terminal.out(command.help);
    return 0;
  }
  return command.run(args, terminal);
}

function runNone(name: string | undefined, { out }: Terminal): ExitCode {
  if (name === '--version' || name === '-v') {
    const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
    out(`${(JSON.parse(manifest) as { version: string }).version}\n`);
    return 0;
  }
  if (name === undefined) throw new UsageError('Name a command.');
  if (name !== '--help' && name !== '-h')
    throw new UsageError(`There is no command ${JSON.stringify(name)}.`);
  out(HELP);
  return 0;
}
