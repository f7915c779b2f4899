import { afterEach, describe, expect, test } from 'vitest';
import { memoryBackplane } from '../../../../src/backplane/memory/memory-backplane.js';
import { anonymous, type Backplane, type BackplaneStatus, SfuRelay } from '../../../../src/index.js';
import { type ScriptedSfu, startScriptedSfu } from '../../../../src/testing/index.js';
import { silentLogger } from '../../../../src/util/logger.js';

let sfu: ScriptedSfu | undefined;
let relay: SfuRelay | undefined;
afterEach(async () => {
  await relay?.close();
  await sfu?.stop();
  relay = sfu = undefined;
});

async function start(backplane: Backplane | undefined): Promise<SfuRelay> {
  sfu = await startScriptedSfu();
  relay = new SfuRelay({
    sfu: { serverUrl: sfu.address, probeOnStart: false },
    ...{ authenticate: anonymous(), logger: silentLogger },
    ...(backplane && { backplane }),
  });
  return relay;
}

test.each([null, {}, { close() {} }, 'redis://localhost', memoryBackplane])(
  'a backplane that is none is refused, with what to write: %s',
  (backplane) => {
    const wrong = { sfu: { serverUrl: 'localhost:1' }, authenticate: anonymous(), backplane } as never;
    expect(() => new SfuRelay(wrong)).toThrow(/write backplane: redisBackplane\(\{ client \}\)/);
  },
);

test('a backplane of one relay is refused by another one, also when the first has closed; not after wrong options', async () => {
  const backplane = memoryBackplane();
  const wrong = { sfu: { serverUrl: 'localhost:1' }, authenticate: anonymous(), backplane, hookTimeoutMs: 0 };
  expect(() => new SfuRelay(wrong)).toThrow(/hookTimeoutMs/);
  await start(backplane);
  const second = () => new SfuRelay({ ...wrong, hookTimeoutMs: 1 });
  expect(second).toThrow(/belongs to another relay.*write redisBackplane\(\{ client \}\) for each relay/);
  await relay?.close();
  expect(second).toThrow(expect.objectContaining({ code: 'ERR_RELAY_CONFIG' }));
});

describe('the health report', () => {
  test.each<[string, BackplaneStatus | undefined, object]>([
    ['in memory', undefined, { ok: true }],
    ['that answers', { commands: 'up', subscription: 'up' }, { ok: true }],
    [
      'that does not answer',
      { commands: 'down', subscription: 'up', error: new Error('ECONNREFUSED') },
      { ok: false, cause: 'ECONNREFUSED' },
    ],
    ['that is not heard', { commands: 'up', subscription: 'down' }, { ok: false }],
  ])('tells of a backplane %s, and is ok as the SFU answers', async (_, status, expected) => {
    const started = await start(Object.assign(memoryBackplane(), status && { status }));
    expect(await started.healthCheck()).toMatchObject({ ok: true, backplane: expected });
  });

  test('says nothing of a backplane where there is none', async () => {
    expect(await (await start(undefined)).healthCheck()).not.toHaveProperty('backplane');
  });
});
