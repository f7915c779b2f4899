/** What a command reads and writes. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: AsyncIterable<Buffer | string> & { readonly isTTY?: boolean };
  /** The result, for a pipe. */
  out(text: string): void;
  /** Errors and progress, for people. */
  err(text: string): void;
}

/** 0: done, and all is well. 1: a fault was found. 2: the command was used wrongly, or a package is missing. */
export type ExitCode = 0 | 1 | 2;

/** One command of `sfu-relay`. */
export interface Command {
  readonly help: string;
  /** @throws UsageError */
  run(args: readonly string[], terminal: Terminal): Promise<ExitCode>;
}

/** The command line is wrong; the message says what to write. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
