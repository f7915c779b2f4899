import { afterAll, beforeAll, expect, test } from 'vitest';
import { type SfuRelayOptions, turnRest } from '../../src/index.js';
import { jwt } from '../../src/plugins/auth/index.js';
import { runCli } from '../support/cli.js';
import { type IonServer, startIon } from '../support/ion.js';
import { freePort } from '../support/listen.js';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';
import { startRelay } from '../support/relay-server.js';
import { startUdpProxy } from '../support/udp-proxy.js';
import { check, documentedFaultOf, expectDocumented, faultOf } from './check.js';
import { startCoturn } from './coturn.js';
import { useResources } from './resources.js';

const SECRET = 'the secret of the TURN server';

describeReal(['ion', 'coturn'], 'of the media, with a real Ion and a real coturn, check', () => {
  const started = useResources();
  let ion: IonServer;
  let coturn: Awaited<ReturnType<typeof startCoturn>>;
  let uris: string[];

  beforeAll(async () => {
    ion = await startIon();
    coturn = await startCoturn(SECRET);
    uris = ['udp', 'tcp'].map((transport) => `turn:127.0.0.1:${coturn.port}?transport=${transport}`);
  });
  afterAll(async () => {
    await coturn?.stop();
    await ion?.stop();
  });

  async function start(options: Partial<SfuRelayOptions> = {}): Promise<string> {
    const relay = await startRelay(ion.address, options);
    started(relay, () => relay.close());
    return relay.url;
  }

  test('finds that all is well, and leaves nobody in the SFU', async () => {
    const env = { LIVE_SECRET: 'a secret of thirty-two bytes, or more' };
    const token = (await runCli(['token', '--user', 'probe'], { env })).out.trimEnd();
    const authenticate = jwt({ secret: env.LIVE_SECRET });
    const url = await start({ authenticate, iceServers: turnRest({ secret: SECRET, uris }) });
    const { exitCode, steps } = await check(url, '--token', token, '--origin', 'https://www.example.org');
    await expectDocumented('ok', steps);
    expect(exitCode).toBe(0);
    expect(steps.find(({ step }) => step === 'ice')?.message).toContain(`127.0.0.1:${ion.mediaPort}`);
    await until('the probe has left the SFU', () => ion.peers.length === 0);
  });

  test('asks STUN servers, too', async () => {
    const uri = `stun:127.0.0.1:${coturn.port}`;
    const { exitCode, steps } = await check(await start({ iceServers: [{ urls: uri }] }));
    expect({ exitCode, last: steps.at(-1)?.message }).toEqual({ exitCode: 0, last: `${uri} answers` });
  });

  test('needs no TURN server', async () => {
    const { exitCode, found } = await check(await start());
    expect({ exitCode, last: found.at(-1) }).toEqual({ exitCode: 0, last: 'turn skipped' });
  });

  test('names UDP that is blocked between client and SFU', async () => {
    const proxy = await startUdpProxy(ion.mediaPort);
    started(proxy, () => proxy.close());
    const [host = '', port = ''] = proxy.address.split(' ');
    // The SFU is reached through the proxy only.
    const onReply: NonNullable<SfuRelayOptions['hooks']>['onReply'] = ({ params }) =>
      JSON.parse(JSON.stringify(params).replaceAll(`127.0.0.1 ${ion.mediaPort}`, proxy.address));
    const url = await start({ hooks: { onReply } });
    const open = await check(url);
    expect(open.steps.find(({ step }) => step === 'ice')?.message).toContain(`${host}:${port}`);
    expect(open.exitCode).toBe(0);

    proxy.block();
    const said = await documentedFaultOf(url, 'ice', 'udp-blocked', '--timeout', '1s');
    expect(said).toContain(
      `The SFU does not answer at UDP ${host}:${port}: signalling works, media will not.`,
    );
    expect(said).toContain(`Open UDP port ${port}`);
  });

  test('checks TURN also where UDP is blocked, as clients then need it', async () => {
    const proxy = await startUdpProxy(ion.mediaPort);
    started(proxy, () => proxy.close());
    proxy.block();
    const onReply: NonNullable<SfuRelayOptions['hooks']>['onReply'] = ({ params }) =>
      JSON.parse(JSON.stringify(params).replaceAll(`127.0.0.1 ${ion.mediaPort}`, proxy.address));
    const url = await start({ hooks: { onReply }, iceServers: turnRest({ secret: SECRET, uris }) });
    const { exitCode, found } = await check(url, '--timeout', '1s');
    expect({ exitCode, last: found.slice(-2) }).toEqual({
      exitCode: 1,
      last: ['ice udp-blocked', 'turn ok'],
    });
  });

  test('names another secret than that of the TURN server', async () => {
    const url = await start({ iceServers: turnRest({ secret: 'another secret', uris }) });
    const said = await documentedFaultOf(url, 'turn', 'turn-credentials');
    expect(said).toContain('the server refuses the credentials: 401');
    expect(said).toContain('static-auth-secret');
  });

  test('names a certificate of a TURN server that browsers refuse', async () => {
    const iceServers = turnRest({
      secret: SECRET,
      uris: [`turns:127.0.0.1:${coturn.tlsPort}?transport=tcp`],
    });
    const said = await faultOf(await start({ iceServers }), 'turn', 'turn-unreachable');
    expect(said).toContain('Browsers refuse this certificate');
  });

  test('names credentials that have expired', async () => {
    const [server] = turnRest({ secret: SECRET, uris })({ userId: 'a' });
    const iceServers = [{ ...server, urls: uris, username: '1000000000:a' }];
    expect(await faultOf(await start({ iceServers }), 'turn', 'turn-credentials')).toContain('have expired');
  });

  test('names iceServers without credentials', async () => {
    const said = await faultOf(await start({ iceServers: [{ urls: uris }] }), 'turn', 'turn-credentials');
    expect(said).toContain('wants credentials, and iceServers has none');
  });

  test('names a TURN server that does not run, by UDP and by TCP', async () => {
    const port = await freePort();
    const gone = ['udp', 'tcp'].map((transport) => `turn:127.0.0.1:${port}?transport=${transport}`);
    const url = await start({ iceServers: turnRest({ secret: SECRET, uris: gone }) });
    const said = await faultOf(url, 'turn', 'turn-unreachable', '--timeout', '1s');
    expect(said).toContain(`Does the server run, and is UDP port ${port} open`);
    expect(said).toContain(`is TCP port ${port} open`);
  });

  test('tells people what it finds, one line for each step', async () => {
    const { exitCode, out, err } = await runCli(['check', await start()]);
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
    expect(out.match(/^[✓✗–] \w+/gm)).toEqual([
      '✓ dns',
      '✓ tcp',
      '✓ upgrade',
      '✓ auth',
      '✓ join',
      '✓ sfu',
      '✓ ice',
      '– turn',
    ]);
  });
});
