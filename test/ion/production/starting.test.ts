import { rm } from 'node:fs/promises';
import { afterEach, expect, test } from 'vitest';
import { fakeOffer } from '../../../src/testing/index.js';
import { HealthClient } from '../../support/health-client.js';
import { freeUdpPort } from '../../support/ion.js';
import { IonPeer } from '../../support/ion-peer.js';
import { failedStart, ProductionIon, writeConfig } from '../../support/production-ion.js';
import { describeReal } from '../../support/real.js';

const cleanUp: (() => unknown)[] = [];

describeReal(['ion'], 'the production Ion', () => {
  afterEach(async () => {
    for (const close of cleanUp.splice(0).reverse()) await close();
  });

  async function configured(change?: (toml: string) => string): Promise<string> {
    const { folder, file } = await writeConfig(change);
    cleanUp.push(() => rm(folder, { recursive: true, force: true }));
    return file;
  }

  test('starts with flags, and serves Ion, grpc.health.v1, /healthz and /metrics', async () => {
    const ion = await ProductionIon.start();
    cleanUp.push(() => ion.stop());
    const peer = new IonPeer(ion.address);
    const health = new HealthClient(ion.address);
    cleanUp.push(
      () => peer.close(),
      () => health.close(),
    );

    expect(await peer.probe()).toContain('no rtc transport exists');
    expect(await health.check()).toBe('SERVING');
    expect(await health.check('rtc.RTC')).toBe('SERVING');
    await expect(health.check('sfu.SFU')).rejects.toMatchObject({ code: 5 });
    const healthz = await fetch(`${ion.metricsUrl}/healthz`);
    expect([healthz.status, await healthz.text()]).toEqual([200, 'ok\n']);
    expect(await ion.metric('ion_streams')).toBe(1);
    expect(await ion.metric('ion_streams_opened_total')).toBe(1);
    expect(await ion.metric('ion_rooms')).toBe(0);
    expect(await ion.metric('go_goroutines')).toBeGreaterThan(1);
    expect(await ion.metric('process_resident_memory_bytes')).toBeGreaterThan(0);
  });

  test('starts with variables of the environment, of which flags take precedence', async () => {
    const env = { ION_KEEPALIVE_TIME: '20s', ION_STOP_TIMEOUT: '3s', ION_SEND_TIMEOUT: 'soon' };
    const ion = await ProductionIon.start({ by: 'environment', flags: ['-send-timeout', '5s'], env });
    cleanUp.push(() => ion.stop());
    ion.signal('SIGTERM');
    await ion.ended();
    expect(ion.log).toContain('waiting up to 3s');
  });

  test.each([
    ['info', /\[INFO\].*PeerLocal got offer/, /\[DEBUG\]/],
    ['error', /listening on/, /\[(INFO|DEBUG)\]/],
  ])('writes into its log what the level "%s" asks for', async (level, has, lacks) => {
    const change = (toml: string) => toml.replace('level = "info"', `level = "${level}"`);
    const ion = await ProductionIon.start({ change });
    cleanUp.push(() => ion.stop());
    const peer = new IonPeer(ion.address);
    cleanUp.push(() => peer.close());
    await peer.probe();
    peer.join('room', 'peer', fakeOffer());
    await peer.take('join');
    await peer.take('description');
    expect(ion.log).toMatch(has);
    expect(ion.log).not.toMatch(lacks);
  });

  test('takes the public address and the port of media from flags, instead of the file', async () => {
    const mediaPort = await freeUdpPort();
    const ion = await ProductionIon.start({
      flags: ['-public-address', '203.0.113.7', '-media-port', String(mediaPort)],
    });
    cleanUp.push(() => ion.stop());
    const peer = new IonPeer(ion.address);
    cleanUp.push(() => peer.close());
    await peer.probe();
    peer.join('lobby', 'alice', fakeOffer());
    const { init } = await peer.take('trickle');
    expect(init).toContain(` 203.0.113.7 ${mediaPort} typ host`);
  });

  test.each<[string, string[], Record<string, string>, RegExp]>([
    ['a flag that does not exist', ['-adr', 'x'], {}, /^ion: flag provided but not defined: -adr$/m],
    ['an argument', ['serve'], {}, /^ion: unexpected argument "serve"$/m],
    ['a wrong flag', ['-send-timeout', 'soon'], {}, /^ion: invalid value "soon" for flag -send-timeout/m],
    [
      'a wrong variable',
      [],
      { ION_SEND_TIMEOUT: 'soon' },
      /^ion: invalid value "soon" for ION_SEND_TIMEOUT/m,
    ],
    ['an address without a port', ['-addr', 'sfu'], {}, /^ion: invalid value "sfu" for -addr \(ION_ADDR\)/m],
    [
      'a public address that is a name',
      ['-public-address', 'sfu.example.com'],
      {},
      /^ion: invalid value "sfu\.example\.com" for -public-address \(ION_PUBLIC_ADDRESS\): write an IP/m,
    ],
    ['a port that is none', [], { ION_MEDIA_PORT: '70000' }, /^ion: invalid value 70000 for -media-port/m],
    ['a negative time', [], { ION_STOP_TIMEOUT: '-1s' }, /^ion: -stop-timeout \(ION_STOP_TIMEOUT\) is too/m],
    ['a keep-alive below 1 s', ['-keepalive-time', '10ms'], {}, /^ion: -keepalive-time .* is too short$/m],
    ['too small messages', ['-max-message-bytes', '10'], {}, /^ion: -max-message-bytes .* is too small/m],
    ['a certificate without its key', ['-tls-cert', 'a.pem'], {}, /^ion: TLS needs both -tls-cert/m],
    [
      'certificates that are not there',
      ['-tls-cert', 'a.pem', '-tls-key', 'a.key'],
      {},
      /^ion: -tls-cert and -tls-key: open a\.pem: no such file/m,
    ],
    [
      'no configuration',
      ['-config', 'none.toml'],
      {},
      /^ion: read -config .* "none\.toml": .* no such file/m,
    ],
  ])('refuses %s with exit code 2', async (_, flags, env, message) => {
    const { exitCode, log } = await failedStart(flags, env);
    expect(log).toMatch(message);
    expect(exitCode).toBe(2);
  });

  test.each<[string, (toml: string) => string, RegExp]>([
    [
      'a key that Ion does not have',
      (toml) => toml.replace('sdpsemantics', 'sdpsemantik'),
      /keys that Ion does not have: webrtc\.sdpsemantik/,
    ],
    [
      'a port that is no number',
      (toml) => toml.replace(/singleport = \d+/, 'singleport = "x"'),
      /cannot parse 'webrtc\.singleport' as int/,
    ],
    [
      'half a range of ports',
      (toml) => toml.replace('# portrange = [5000, 5200]', 'portrange = [5000]'),
      /range/,
    ],
    ['a file that is no TOML', () => 'singleport: 5000', /sfu\.toml/],
  ])('refuses %s in sfu.toml with exit code 2', async (_, change, message) => {
    const { exitCode, log } = await failedStart(['-config', await configured(change)]);
    expect(log).toMatch(message);
    expect(exitCode).toBe(2);
  });

  test('says that a port is taken, with exit code 1', async () => {
    const ion = await ProductionIon.start();
    cleanUp.push(() => ion.stop());
    const { exitCode, log } = await failedStart(['-config', await configured(), '-addr', ion.address]);
    expect(log).toMatch(/^ion: listen tcp \S+: bind: address already in use$/m);
    expect(exitCode).toBe(1);
  });

  test('tells its flags, with their defaults', async () => {
    const { exitCode, log } = await failedStart(['-h']);
    expect(log).toContain('-keepalive-time is ION_KEEPALIVE_TIME');
    expect(log).toMatch(/-addr string\s+.*\(default "127\.0\.0\.1:5551"\)/);
    expect(exitCode).toBe(0);
  });
});
