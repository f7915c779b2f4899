import { describe, expect, test } from 'vitest';
import { startScriptedSfu } from '../../../src/testing/index.js';
import type { HttpStage } from '../http-stage.js';

export function healthSuite(stage: HttpStage): void {
  const { request, start } = stage;
  const answerOf = async (path: string) => {
    const { status, body } = await request('GET', path);
    return [status, body];
  };

  describe.each(['/health', '/health/ready'])('GET %s', (path) => {
    test('with an SFU that answers: 200', async () => {
      expect(await answerOf(path)).toEqual([200, { status: 'ok' }]);
    });

    test('without an SFU: 503, and nobody is told of the private network', async () => {
      await stage.sfu.stop();
      expect(await answerOf(path)).toEqual([503, { status: 'unavailable' }]);
    });

    test('of a relay that is closing: 503', async () => {
      const closed = stage.relay.close();
      expect(await answerOf(path)).toEqual([503, { status: 'closing' }]);
      await closed;
    });

    test('with details: each node', async () => {
      await start({ healthDetails: 'full' });
      const server_url = stage.sfu.address;
      expect(await answerOf(path)).toEqual([200, { status: 'ok', nodes: [{ server_url, status: 'ok' }] }]);
      await stage.sfu.stop();
      const code = 'ERR_RELAY_SFU_UNAVAILABLE';
      const message = "The SFU can't be reached.";
      expect(await answerOf(path)).toEqual([
        503,
        {
          status: 'unavailable',
          nodes: [
            { server_url, status: 'unavailable', code, message, cause: expect.stringContaining(server_url) },
          ],
        },
      ]);
    });

    test('with one of two nodes: 200, and the details tell which one is missing', async () => {
      const other = await startScriptedSfu();
      await other.stop();
      const clusterNodes = [stage.sfu.address, other.address];
      await start({ healthDetails: 'full', relay: { sfu: { mode: 'cluster', clusterNodes } } });
      const [status, body] = await answerOf(path);
      expect([status, body.status]).toEqual([200, 'ok']);
      expect(body.nodes).toMatchObject([
        { server_url: stage.sfu.address, status: 'ok' },
        { server_url: other.address, status: 'unavailable', code: 'ERR_RELAY_SFU_UNAVAILABLE' },
      ]);
    });

    test.each([{ enabled: false }, { withoutRelay: true }])('switched off by %j: 503', async (options) => {
      await start(options);
      expect(await answerOf(path)).toEqual([503, { status: 'disabled' }]);
    });
  });

  describe('GET /health/live', () => {
    test('is 200 as long as the process answers, without an SFU and in a relay that is closing', async () => {
      expect(await answerOf('/health/live')).toEqual([200, { status: 'ok' }]);
      await stage.sfu.stop();
      expect(await answerOf('/health/live')).toEqual([200, { status: 'ok' }]);
      const closed = stage.relay.close();
      expect(await answerOf('/health/live')).toEqual([200, { status: 'ok' }]);
      await closed;
    });

    test.each([{ enabled: false }, { withoutRelay: true }])(
      'is 200 also if switched off by %j',
      async (options) => {
        await start(options);
        expect(await answerOf('/health/live')).toEqual([200, { status: 'ok' }]);
      },
    );
  });

  test('other paths below /health are not those of the API', async () => {
    expect((await request('GET', '/health/other')).status).toBe(404);
  });
}
