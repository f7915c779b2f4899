import { describe, expect, test, vi } from 'vitest';
import { anonymous, type Logger, RelayError, SfuRelay } from '../../../src/index.js';
import { resolveLogger, silentLogger, stderrLogger } from '../../../src/util/logger.js';

const sfu = { serverUrl: '127.0.0.1:1', probeOnStart: false };

function relayWith(logger: unknown): SfuRelay {
  return new SfuRelay({ sfu, authenticate: anonymous(), logger: logger as Logger });
}

describe('the option "logger"', () => {
  test.each([
    ['info', /is "info": write logger: pino\({ level: 'info' }\), or logger: false/],
    [true, /is true: write/],
    [null, /is null: write/],
    [7, /is 7: write/],
  ])('refuses %j with what to write', (logger, advice) => {
    expect(() => relayWith(logger)).toThrow(advice);
  });

  test('refuses a logger that lacks methods, and names them', () => {
    expect(() => relayWith({ warn() {} })).toThrow(/lacks the methods "debug", "info", "error"/);
    expect(() => relayWith({ ...silentLogger, info: 'loud' })).toThrow(/lacks the method "info"/);
  });

  test('takes console, and a logger whose methods need their this', async () => {
    await relayWith(console).close();
    class Counting implements Logger {
      lines = 0;
      debug() {
        this.lines += 1;
      }
      info = this.debug;
      warn = this.debug;
      error = this.debug;
    }
    const counting = new Counting();
    resolveLogger(counting).warn({}, 'counted');
    expect(counting.lines).toBe(1);
  });

  test('a logger that throws or rejects hurts nobody', () => {
    for (const fail of [
      () => {
        throw new Error('disk full');
      },
      () => Promise.reject(new Error('disk full')),
      () => {
        throw undefined;
      },
    ]) {
      const logger = resolveLogger({ debug: fail, info: fail, warn: fail, error: fail });
      for (const level of ['debug', 'info', 'warn', 'error'] as const)
        expect(() => logger[level]({}, 'x')).not.toThrow();
    }
  });
});

describe('without a logger', () => {
  test('warnings and errors are written, other lines are not', () => {
    const write = vi.fn();
    const logger = stderrLogger(write);
    logger.debug({}, 'debug');
    logger.info({}, 'info');
    const cause = new Error('connect ECONNREFUSED');
    logger.warn({ err: new RelayError('ERR_RELAY_SFU_UNAVAILABLE', 'No SFU.', { cause }) }, 'A warning');
    logger.error({ err: new Error('a fault') }, 'An error');
    expect(write.mock.calls.map(([line]) => line)).toEqual([
      "sfu-relay warn: A warning { err: 'ERR_RELAY_SFU_UNAVAILABLE: No SFU. (connect ECONNREFUSED)' }",
      expect.stringMatching(/^sfu-relay error: An error \{\s*err: Error: a fault\n\s+at /),
    ]);
  });

  test('what the application throws can be written, whatever it is', () => {
    const write = vi.fn();
    const nasty = {
      get message(): string {
        throw new Error('no');
      },
    };
    stderrLogger(write).error({ err: Object.assign(Object.create(Error.prototype), { cause: nasty }) }, 'a');
    stderrLogger(write).warn({ err: Object.create(nasty) }, 'b');
    stderrLogger(write).error(
      {
        err: new Proxy(
          {},
          {
            ownKeys: () => {
              throw new Error('no');
            },
          },
        ),
      },
      'c',
    );
    expect(write).toHaveBeenCalledTimes(3);
  });

  test('a flood is cut to 20 lines a second, and the number of those left out is told', () => {
    vi.useFakeTimers();
    const write = vi.fn();
    const logger = stderrLogger(write);
    for (let line = 0; line < 100; line += 1) logger.warn({}, 'flood');
    expect(write).toHaveBeenCalledTimes(20);
    vi.advanceTimersByTime(1_000);
    expect(write.mock.calls.slice(20).flat()).toEqual(['sfu-relay warn: 80 more lines were left out.']);
    logger.warn({}, 'later');
    expect(write).toHaveBeenCalledTimes(22);
    vi.useRealTimers();
  });

  test('a flood of one line does not swallow another one', () => {
    const write = vi.fn();
    const logger = stderrLogger(write);
    for (let line = 0; line < 100; line += 1) logger.error({}, 'flood');
    logger.warn({}, 'The SFU is not available');
    expect(write).toHaveBeenLastCalledWith('sfu-relay warn: The SFU is not available');
  });

  test('false writes nothing', () => {
    expect(resolveLogger(false)).toBe(silentLogger);
  });
});
