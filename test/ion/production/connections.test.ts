import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { connect as connectHttp2 } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { credentials } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { anonymous, SfuRelay, type SfuTlsOptions } from '../../../src/index.js';
import { fakeOffer, startFaultyProxy } from '../../../src/testing/index.js';
import { HealthClient } from '../../support/health-client.js';
import { startIon } from '../../support/ion.js';
import { until } from '../../support/poll.js';
import { ProductionIon } from '../../support/production-ion.js';
import { describeReal } from '../../support/real.js';
import { certificates } from '../../unit/grpc/http2/certificates.js';

const { ca, server, named, client } = certificates;
const cleanUp: (() => unknown)[] = [];
let files: Record<'cert' | 'key' | 'ca', string>;

describeReal(['ion'], 'the production Ion', () => {
  beforeEach(async () => {
    const path = (name: string) => join(tmpdir(), `production-ion-${process.pid}-${name}.pem`);
    files = { cert: path('cert'), key: path('key'), ca: path('ca') };
    for (const [file, text] of Object.entries({ ...server, ca })) await writeFile(path(file), text);
  });
  afterEach(async () => {
    for (const close of cleanUp.splice(0).reverse()) await close();
  });
  afterEach(async () => {
    for (const file of Object.values(files)) await rm(file, { force: true });
  });

  test.each<[string, () => string[], SfuTlsOptions | undefined]>([
    ['plaintext', () => [], undefined],
    ['TLS', () => ['-tls-cert', files.cert, '-tls-key', files.key], { ca }],
    [
      'mTLS',
      () => ['-tls-cert', files.cert, '-tls-key', files.key, '-tls-client-ca', files.ca],
      { ca, ...client },
    ],
  ])('serves the relay over %s', async (_, flags, tls) => {
    const ion = await start(flags());
    const session = await relayTo(ion.address, tls).createSession({
      roomId: 'lobby',
      userId: 'alice',
      sdp: fakeOffer(),
    });
    expect(session.state).toBe('joined');
    expect(await ion.metric('ion_peers')).toBe(1);
    await session.close();
    await until('its peer has gone', () => ion.peers.length === 0);
  });

  test('serves nobody without a certificate of the authority that it names, not even its health', async () => {
    const ion = await start(['-tls-cert', files.cert, '-tls-key', files.key, '-tls-client-ca', files.ca]);
    await expect(
      relayTo(ion.address, { ca }).createSession({ roomId: 'lobby', userId: 'alice', sdp: fakeOffer() }),
    ).rejects.toMatchObject({ code: 'ERR_RELAY_SFU_UNAVAILABLE' });
    const check = async (security: Parameters<typeof credentials.createSsl>) => {
      const health = new HealthClient(ion.address, credentials.createSsl(...security));
      cleanUp.push(() => health.close());
      return health.check();
    };
    await expect(check([Buffer.from(ca)])).rejects.toMatchObject({ code: 14 });
    expect(await check([Buffer.from(ca), Buffer.from(client.key), Buffer.from(client.cert)])).toBe('SERVING');
    expect(await (await fetch(`${ion.metricsUrl}/healthz`)).text()).toBe('ok\n');
  });

  test('uses a renewed certificate, and keeps the one it has where the new one is damaged', async () => {
    const ion = await start(['-tls-cert', files.cert, '-tls-key', files.key]);
    const names = async () => {
      const port = Number(ion.address.split(':')[1]);
      const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false });
      await once(socket, 'secureConnect');
      const { subjectaltname } = socket.getPeerCertificate();
      socket.destroy();
      return subjectaltname;
    };
    const original = await names();
    expect(original).toContain('127.0.0.1');
    await writeFile(files.cert, 'damaged');
    expect(await names()).toBe(original);
    await writeFile(files.key, named.key);
    await writeFile(files.cert, named.cert);
    expect(await names()).toBe('DNS:sfu.example');
    expect(ion.log).toContain("the new certificate can't be used");
  });

  test('removes the peers of a relay that has vanished, which a bare Ion keeps', async () => {
    const bare = await startIon();
    cleanUp.push(() => bare.stop());
    const ion = await start(['-keepalive-time', '1s', '-keepalive-timeout', '1s']);
    for (const { address } of [bare, ion]) {
      const proxy = await startFaultyProxy(`http://${address}`);
      cleanUp.push(() => proxy.stop());
      const relay = relayTo(`127.0.0.1:${proxy.port}`);
      for (const userId of ['alice', 'bob'])
        await relay.createSession({ roomId: 'lobby', userId, sdp: fakeOffer() });
      proxy.halfOpen();
    }
    expect(bare.peers.length).toBe(2);
    await until('the production Ion has nobody', () => ion.log.includes('RemovePeer') && !ion.peers.length);
    expect(await ion.metric('ion_peers')).toBe(0);
    expect(await ion.metric('ion_streams')).toBe(0);
    expect(bare.peers.length).toBe(2);
  });

  test('accepts a ping every 10 s, for which a bare Ion disconnects', async () => {
    const bare = await startIon();
    cleanUp.push(() => bare.stop());
    const ion = await start();
    const [ofBare, ofIon] = await Promise.all([bare, ion].map(({ address }) => pingEveryTenSeconds(address)));
    expect(ofBare).toBe('too_many_pings');
    expect(ofIon).toBe('');
  });
});

async function start(flags: string[] = []): Promise<ProductionIon> {
  const ion = await ProductionIon.start({ flags });
  cleanUp.push(() => ion.stop());
  return ion;
}

function relayTo(serverUrl: string, tls?: SfuTlsOptions): SfuRelay {
  const relay = new SfuRelay({
    authenticate: anonymous(),
    sfu: { serverUrl, connectTimeoutMs: 2_000, ...(tls && { tls }) },
  });
  cleanUp.push(() => relay.close({ timeoutMs: 1_000 }));
  return relay;
}

/** On a connection without streams. Of the third ping that is too early grpc-go ends it. */
async function pingEveryTenSeconds(address: string): Promise<string> {
  const session = connectHttp2(`http://${address}`);
  cleanUp.push(() => session.destroy());
  let reason = '';
  session.on('error', () => {});
  session.on('goaway', (_code, _lastStream, data) => {
    reason = data?.toString() ?? 'without a reason';
  });
  await once(session, 'connect');
  const answered = () => new Promise<void>((resolve) => session.ping(() => resolve()));
  await answered();
  for (let count = 0; count < 3; count += 1) {
    await sleep(10_000);
    await answered();
  }
  // The GOAWAY follows the answer of the ping that it is for.
  await answered();
  return reason;
}
