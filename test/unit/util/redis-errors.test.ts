import { EventEmitter } from 'node:events';
import { describe, expect, test } from 'vitest';
import { rateLimits } from '../../../src/plugins/rate-limits/index.js';
import { redisBackplane } from '../../../src/plugins/redis/index.js';

const method = () => {};
const COMMANDS = { duplicate: method, publish: method, eval: method, multi: method, evalSha: method };

/** As createClient() of node-redis 5 makes it: its prototype emits. */
function inheriting(): { client: EventEmitter; emitter: EventEmitter } {
  const emitter = Object.assign(new EventEmitter(), { ...COMMANDS, disconnect: method });
  return { emitter, client: Object.create(Object.assign(emitter, { _self: emitter })) };
}

describe.each([
  ['a backplane', (client: never) => void redisBackplane({ client })],
  ['rate limits', (client: never) => void rateLimits({ redis: client, logger: false })],
])('the errors of the Redis client of %s end no process', (_, use) => {
  const lose = (emitter: EventEmitter) => {
    for (let n = 0; n < 2; n += 1) emitter.emit('error', new Error('the connection is lost'));
  };

  test('without a listener of the application', () => {
    const { client, emitter } = inheriting();
    use(client as never);
    expect(() => lose(emitter)).not.toThrow();
  });

  test('with one for the first error only', () => {
    const { client, emitter } = inheriting();
    client.on('ready', method).once('error', method);
    use(client as never);
    expect(() => lose(emitter)).not.toThrow();
  });

  test('of which the application has awaited that it is ready', () => {
    const { client, emitter } = inheriting();
    client.once('ready', method);
    emitter.emit('ready');
    use(client as never);
    expect(() => lose(emitter)).not.toThrow();
  });

  test('and one listener serves all that use the client', () => {
    const { client, emitter } = inheriting();
    for (let n = 0; n < 20; n += 1) use(client as never);
    expect(emitter.listenerCount('error')).toBe(1);
  });
});
