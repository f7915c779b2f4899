import { Console } from 'node:console';
import { inspect } from 'node:util';
import { RelayError } from '../protocol/errors.js';
import { isPromise } from './is-promise.js';

/**
 * Where the relay writes. The shape is pino's, so that a pino logger fits as it is.
 * @category Relay
 */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

type Level = keyof Logger;

const LEVELS = ['debug', 'info', 'warn', 'error'] as const satisfies readonly Level[];

const nothing = (): void => {};

export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** Lines that go to stderr within a second; clients may cause more, and stderr may block the process. */
const MAX_LINES_PER_SECOND = 20;

/** An error has fields of the application in it. */
const INSPECTION = { depth: 4, breakLength: Number.POSITIVE_INFINITY, maxStringLength: 2_000 };

/**
 * Writes warnings and errors, for applications without a logger: otherwise nobody learns that the SFU is down.
 * @param write takes one line; by default it goes to stderr
 */
export function stderrLogger(write = writeToStderr): Logger {
  let lines = 0;
  let omitted = 0;
  let isCounting = false;
  /** Messages of this second: one that is not there yet is written whatever else is, as it may be the only one. */
  const written = new Set<string>();
  const endSecond = () => {
    if (omitted > 0) write(`sfu-relay warn: ${omitted} more lines were left out.`);
    written.clear();
    lines = 0;
    omitted = 0;
    isCounting = false;
  };
  const log = (level: Level, fields: object, message: string): void => {
    if (!isCounting) setTimeout(endSecond, 1_000).unref();
    isCounting = true;
    const isNew = !written.has(message) && written.size < MAX_LINES_PER_SECOND;
    if (lines >= MAX_LINES_PER_SECOND && !isNew) {
      omitted += 1;
      return;
    }
    lines += 1;
    written.add(message);
    write(`sfu-relay ${level}: ${message}${detailsOf(fields, level === 'error')}`);
  };
  return {
    ...silentLogger,
    warn: (fields, message) => log('warn', fields, message),
    error: (fields, message) => log('error', fields, message),
  };
}

/** Of errors only an `error` has the stack. What an application throws may have getters that throw. */
function detailsOf(fields: object, withStack: boolean): string {
  try {
    const shown = Object.entries(fields).map(([name, value]) => [
      name,
      value instanceof Error && !withStack ? summaryOf(value) : value,
    ]);
    return shown.length > 0 ? ` ${inspect(Object.fromEntries(shown), INSPECTION)}` : '';
  } catch {
    return ' (details that cannot be read)';
  }
}

function summaryOf(error: Error): string {
  const { code } = error as { code?: unknown };
  const summary = typeof code === 'string' ? `${code}: ${error.message}` : error.message;
  return error.cause instanceof Error ? `${summary} (${summaryOf(error.cause)})` : summary;
}

let stderr: Console | undefined;

/** A Console survives a stderr whose reader has gone; `process.stderr.write` would end the process. */
function writeToStderr(line: string): void {
  stderr ??= new Console({ stdout: process.stderr, ignoreErrors: true });
  stderr.log('%s', line);
}

/** One for all relays of a process: they share the number of lines. */
const defaultLogger = stderrLogger();

/**
 * The logger of an option: `undefined` writes warnings and errors to stderr, `false` nothing. A logger of the
 * application is never trusted: one that throws, or rejects, hurts nobody.
 * @throws RelayError `ERR_RELAY_CONFIG`
 */
export function resolveLogger(logger: Logger | false | undefined): Logger {
  if (logger === undefined) return defaultLogger;
  if (logger === false) return silentLogger;
  if (logger === silentLogger) return logger;
  const missing = isObject(logger)
    ? LEVELS.filter((level) => typeof logger[level] !== 'function').map((level) => `"${level}"`)
    : undefined;
  if (!missing)
    throw new RelayError(
      'ERR_RELAY_CONFIG',
      `"logger" must be an object with the methods debug, info, warn and error, and is ${describe(logger)}: write logger: pino({ level: 'info' }), or logger: false for silence.`,
    );
  if (missing.length > 0)
    throw new RelayError(
      'ERR_RELAY_CONFIG',
      `"logger" lacks the method${missing.length > 1 ? 's' : ''} ${missing.join(', ')}: it needs debug, info, warn and error, as console and pino have them.`,
    );
  return guarded(logger);
}

/** Written once, where the application's logger fails: what it should have written is lost. */
function guarded(logger: Logger): Logger {
  let hasFailed = false;
  const failed = (error: unknown) => {
    if (hasFailed) return;
    hasFailed = true;
    defaultLogger.error({ err: error }, 'The logger failed: what it is given may be lost');
  };
  const call = (level: Level) => (fields: object, message: string) => {
    try {
      const result: unknown = logger[level](fields, message);
      if (isPromise(result)) result.then(undefined, failed);
    } catch (error) {
      failed(error);
    }
  };
  return { debug: call('debug'), info: call('info'), warn: call('warn'), error: call('error') };
}

function isObject(value: unknown): boolean {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function describe(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 32)) : String(value).slice(0, 32);
}
