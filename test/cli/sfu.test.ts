import { createServer } from 'node:http';
import express from 'express';
import { afterEach, describe, expect, test } from 'vitest';
import { createRouter } from '../../src/adapters/express.js';
import { useServer } from '../../src/adapters/ws.js';
import { anonymous, SfuRelay, type SfuRelayOptions } from '../../src/index.js';
import { startScriptedSfu } from '../../src/testing/index.js';
import { closeServer, freePort, listen } from '../support/listen.js';
import { certificates } from '../unit/grpc/http2/certificates.js';
import { documentedFaultOf, faultOf } from './check.js';
import { useResources } from './resources.js';

describe('of the SFU, check', () => {
  const started = useResources();
  const logged: string[] = [];
  afterEach(() => {
    logged.length = 0;
  });

  /** A relay, with its API at the usual place: with details, or as the public may see it. */
  async function start(
    sfu: string,
    healthDetails: 'full' | 'status',
    hooks: NonNullable<SfuRelayOptions['hooks']> = {},
  ) {
    const note = (fields: object, message: string) =>
      logged.push(`${message} ${Object.values(fields).join(' ')}`);
    const logger = { debug() {}, info() {}, warn: note, error: note } as unknown as SfuRelayOptions['logger'];
    const relay = new SfuRelay({
      sfu: { serverUrl: sfu },
      authenticate: anonymous(),
      hooks,
      ...(logger && { logger }),
    });
    started(relay, () => relay.close());
    const app = express();
    app.use('/api/v1/sfu', createRouter(relay, { healthDetails }));
    const server = createServer(app);
    useServer(relay, server);
    const port = await listen(server);
    started(server, closeServer);
    return `ws://127.0.0.1:${port}/rtc`;
  }

  test('names one that does not run, by the details of the health endpoint', async () => {
    const sfu = `127.0.0.1:${await freePort()}`;
    const said = await documentedFaultOf(await start(sfu, 'full'), 'sfu', 'sfu-unavailable');
    expect(said).toContain(`The node ${sfu}: connect ECONNREFUSED. Nothing listens there: does the SFU run`);
  });

  test('names one that expects TLS of a relay without', async () => {
    const sfu = await startScriptedSfu({ tls: certificates.server });
    started(sfu, () => sfu.stop());
    const said = await documentedFaultOf(await start(sfu.address, 'full'), 'sfu', 'sfu-unavailable');
    expect(said).toContain('does it expect TLS (sfu.tls)?');
  });

  test('without details says where the reason is, and there it is', async () => {
    const sfu = `127.0.0.1:${await freePort()}`;
    const said = await faultOf(await start(sfu, 'status'), 'sfu', 'sfu-unavailable');
    expect(said).toContain('says "unavailable", without details');
    expect(said).toContain('healthDetails: "full"');
    const [, sentence = ''] = /The relay logs it: "(.*) … /.exec(said) ?? [];
    const line = logged.find((each) => each.startsWith(sentence));
    expect(line).toContain('Nothing listens there');
  });

  test('asks the health endpoint that it is told', async () => {
    const sfu = `127.0.0.1:${await freePort()}`;
    const [url, operators] = [await start(sfu, 'status'), await start(sfu, 'full')];
    const health = operators.replace('ws:', 'http:').replace('/rtc', '/api/v1/sfu/health');
    expect(await faultOf(url, 'sfu', 'sfu-unavailable', '--health', health)).toContain(
      'Nothing listens there',
    );
    const wrong = health.replace('health', 'helth');
    expect(await faultOf(url, 'sfu', 'sfu-unavailable', '--health', wrong)).toContain(
      `${wrong} tells nothing: HTTP 404`,
    );
  });

  test('names one that refuses the join', async () => {
    const sfu = await startScriptedSfu();
    started(sfu, () => sfu.stop());
    sfu.script.onJoin = (stream) => stream.end();
    expect(await faultOf(await start(sfu.address, 'full'), 'sfu', 'sfu-failed')).toContain('answers');
  });

  test('names one that does not answer the join', async () => {
    const sfu = await startScriptedSfu();
    started(sfu, () => sfu.stop());
    sfu.script.onJoin = () => {};
    const args = ['--timeout', '500ms'];
    const said = await faultOf(await start(sfu.address, 'full'), 'sfu', 'sfu-unavailable', ...args);
    expect(said).toContain('"join" has no answer within 500 ms.');
    expect(said).toContain(`The node ${sfu.address} answers.`);
  });

  test('names one that offers no address for media', async () => {
    const sfu = await startScriptedSfu();
    started(sfu, () => sfu.stop());
    const onReply = ({ method }: { method: string }) => (method === 'trickle' ? false : undefined);
    const url = await start(sfu.address, 'full', { onReply });
    const args = ['--timeout', '500ms'];
    const said = await faultOf(url, 'ice', 'no-candidates', ...args);
    expect(said).toContain('nat1to1');
  });
});
