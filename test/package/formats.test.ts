import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConsumerProject } from '../support/consumer.js';

/** Every entry that checks options is given wrong ones; prints which class its error has. */
const ERRORS_OF_ENTRIES = `
  import { inspect } from 'node:util';
  import { anonymous, RelayError, SfuRelay } from 'sfu-relay';
  import { jwt } from 'sfu-relay/auth';
  import { createRouter } from 'sfu-relay/express';
  import { createHandler } from 'sfu-relay/fetch';
  import { createMiddleware } from 'sfu-relay/koa';
  import { rateLimits } from 'sfu-relay/limits';
  import { collectMetrics } from 'sfu-relay/metrics';
  import { redisBackplane } from 'sfu-relay/redis';
  import { makeBehavior } from 'sfu-relay/uwebsockets';
  import { useServer } from 'sfu-relay/ws';

  const relay = new SfuRelay({ sfu: { serverUrl: '127.0.0.1:9' }, authenticate: anonymous() });
  const wrong = {
    core: () => new SfuRelay({}),
    auth: () => jwt({ secret: 'short' }),
    express: () => createRouter(relay, { orphanTimeoutMs: -1 }),
    fetch: () => createHandler(relay, { prefix: '/', orphanTimeoutMs: -1 }),
    koa: () => createMiddleware(relay, { prefix: '/', orphanTimeoutMs: -1 }),
    limits: () => rateLimits({ connection: { points: -1, durationMs: 1 } }),
    metrics: () => collectMetrics(relay, { prefix: '1 ' }),
    redis: () => redisBackplane({ client: {} }),
    uwebsockets: () => makeBehavior(relay, { maxMessageBytes: -1 }),
    ws: () => useServer(relay, { options: {}, on() {} }, { maxMessageBytes: -1 }),
  };
  const strangers = Object.keys(wrong).filter((entry) => {
    try {
      wrong[entry]();
      return true;
    } catch (error) {
      return error.constructor !== RelayError;
    }
  });
  const error = new RelayError('ERR_RELAY_FORBIDDEN', 'No.');
  const firstLines = [error.stack, inspect(error)].map((text) => text.split('\\n')[0]);
  const names = [RelayError, SfuRelay].map(({ name }) => name);
  process.stdout.write(JSON.stringify({ strangers, names, firstLines }));
  process.exit();
`;

describe.each(['module', 'commonjs'] as const)('built for %s', (type) => {
  const extension = type === 'module' ? '.js' : '.cjs';
  let project: ConsumerProject;
  let code: string;

  beforeAll(async () => {
    project = await ConsumerProject.create(type);
    const dist = join(project.installed, 'dist');
    // Pages load the client, and npx the command: each is a file of its own.
    const alone = [`client${extension}`, `cli${extension}`];
    const files = (await readdir(dist)).filter((file) => file.endsWith(extension) && !alone.includes(file));
    code = (await Promise.all(files.map((file) => readFile(join(dist, file), 'utf8')))).join('\n');
  });
  afterAll(() => project?.remove());

  test('the entries share one RelayError, and classes have their own names', async () => {
    await project.write('errors.js', type === 'module' ? ERRORS_OF_ENTRIES : required(ERRORS_OF_ENTRIES));
    expect(JSON.parse(await project.run('errors.js'))).toEqual({
      strangers: [],
      names: ['RelayError', 'SfuRelay'],
      firstLines: ['RelayError: No.', 'RelayError: No.'],
    });
  });

  test('each module is there once', () => {
    const count = (name: string) =>
      code.match(new RegExp(`\\bvar ${name} = class\\b|^class ${name}\\b`, 'gm'))?.length;
    const classes = ['RelayError', 'SfuRelay', 'Session', 'TimeoutError'];
    expect(classes.map(count)).toEqual(classes.map(() => 1));
  });

  test('its syntax is that of ES2022, what is loaded lazily is imported, and classes keep their names', () => {
    expect(code).toMatch(/\?\./);
    expect(code).toContain('import("werift")');
    expect(code).not.toMatch(/_optionalChain|_nullishCoalesce|_interopRequireWildcard/);
    expect(code).not.toMatch(/\bclass (_\w+|\w+\d)\b/);
  });
});

function required(code: string): string {
  return code.replaceAll(/import (\{.*?\}) from ('.*?');/g, 'const $1 = require($2);');
}
