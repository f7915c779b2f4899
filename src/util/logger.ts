import { Console } from 'node:console';
import { inspect } from 'node:util';
import { RelayError } from '../protocol/errors.js';
import { quote } from './check-options.js';
import { isPromise } from './is-promise.js';
import { noop } from './noop.js';

/**
 * Receives the relay's log lines. A pino logger implements it.
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

export const silentLogger: Logger = { debug: noop, info: noop, warn: noop, error: noop };

/** Limits the lines to stderr: clients could cause any number, and writing to stderr may block the process. */
const MAX_LINES_PER_SECOND = 20;

/** Limits what is written of objects: errors may contain large objects of the application. */
const INSPECTION = { depth: 4, breakLength: Number.POSITIVE_INFINITY, maxStringLength: 2_000 };

/**
 * The logger of applications without one: writes warnings and errors, such as that the SFU is down.
 * @param write writes one line; the default writes to stderr
 */
export function stderrLogger(write = writeToStderr): Logger {
  let lines = 0;
  let omitted = 0;
  let isCounting = false;
  /** Messages of this second. A message that is not among them is written even beyond the limit of lines. */
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

/** The stack of an error is written at the level `error` only. Getters of an application's error may throw. */
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

/** A Console ignores a closed stderr; `process.stderr.write` would end the process. */
function writeToStderr(line: string): void {
  stderr ??= new Console({ stdout: process.stderr, ignoreErrors: true });
  stderr.log('%s', line);
}

/** All relays of a process share it, and its limit of lines. */
const defaultLogger = stderrLogger();

/**
 * The logger for the option `logger`: `undefined` writes warnings and errors to stderr, `false` writes nothing. Failures of the
 * application's logger are caught.
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

/** Catches the failures of the application's logger, and writes the first one to stderr. */
function guarded(logger: Logger): Logger {
  let hasFailed = false;
  const failed = (error: unknown) => {
    if (hasFailed) return;
    hasFailed = true;
    defaultLogger.error({ err: error }, 'The logger failed: log lines may be lost');
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
  return typeof value === 'string' ? quote(value) : String(value).slice(0, 32);
}
