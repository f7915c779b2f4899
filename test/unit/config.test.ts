import { describe, expect, test } from 'vitest';
import { anonymous, parseSfuConfig, SfuRelay, type SfuRelayOptions } from '../../src/index.js';

describe('parseSfuConfig', () => {
  test('reads YAML, by itself or below "sfu", and what is parsed already', () => {
    const expected = { enabled: true, serverUrl: 'ion:5551' };
    expect(parseSfuConfig('server_url: ion:5551')).toEqual(expected);
    expect(parseSfuConfig('sfu:\n  enabled: true\n  server_url: "ion:5551"\n  mode: single\n')).toEqual(
      expected,
    );
    expect(parseSfuConfig({ sfu: { enabled: false, server_url: 'ion:5551' } })).toEqual({
      ...expected,
      enabled: false,
    });
  });

  test.each([
    ['ws://localhost:7000/ws', 'write "localhost:7000" instead of "ws://localhost:7000/ws"'],
    ['http://ion.internal', 'write "ion.internal:5551" instead of "http://ion.internal"'],
    ['wss://[::1]:5551', 'write "[::1]:5551"'],
    ['grpc://ion:5551', 'write "ion:5551"'],
  ])('refuses %s with the right form', (server_url, message) => {
    expect(() => parseSfuConfig({ server_url })).toThrow(message);
    expect(() => parseSfuConfig({ server_url })).toThrow(
      expect.objectContaining({ code: 'ERR_RELAY_CONFIG' }),
    );
  });

  test.each([
    ['no address', 'enabled: true', 'host:port'],
    ['an address without a port', 'server_url: ion', 'host:port'],
    ['a port out of range', 'server_url: ion:99999', 'host:port'],
    ['a typo', 'server_url: ion:5551\nserver_ulr: x', '"server_ulr" is not known'],
    [
      'a cluster, which this version has not',
      'server_url: ion:5551\nmode: cluster',
      '"mode" must be "single"',
    ],
    ['a switch that is none', 'server_url: ion:5551\nenabled: 7', '"enabled" must be true or false'],
    ['a list', '- a', 'must be a mapping'],
    ['broken YAML', 'a: [', 'not valid YAML'],
  ])('refuses %s', (_, yaml, message) => {
    expect(() => parseSfuConfig(yaml)).toThrow(message);
  });
});

describe('the options', () => {
  const good: SfuRelayOptions = { sfu: { serverUrl: 'localhost:5551' }, authenticate: anonymous() };

  test('authenticate can not be left out', () => {
    const open = { sfu: good.sfu } as SfuRelayOptions;
    expect(() => new SfuRelay(open)).toThrow('"authenticate" is missing');
  });

  test.each<[string, object, string]>([
    ['no SFU', { sfu: undefined }, '"sfu" is missing'],
    ['a scheme', { sfu: { serverUrl: 'ws://localhost:7000' } }, 'write "localhost:7000"'],
    ['a timeout of zero', { joinTimeoutMs: 0 }, '"joinTimeoutMs"'],
    ['a timeout that setTimeout can not keep', { joinTimeoutMs: 2 ** 31 }, '"joinTimeoutMs"'],
    ['a timeout in a string', { answerTimeoutMs: '5s' }, '"answerTimeoutMs"'],
    ['pings that Ion would punish', { sfu: { serverUrl: 'a:1', keepaliveTimeMs: 10_000 } }, 'from 300000'],
    ['half of a client certificate', { sfu: { serverUrl: 'a:1', tls: { cert: 'x' } } }, '"tls.key"'],
  ])('refuses %s, and says what to write', (_, options, message) => {
    expect(() => new SfuRelay({ ...good, ...options } as SfuRelayOptions)).toThrow(message);
  });

  test('are not changed, and changing them later changes nothing', async () => {
    const sfu = { serverUrl: 'localhost:1' };
    const relay = new SfuRelay(Object.freeze({ ...good, sfu }));
    sfu.serverUrl = 'localhost:2';
    expect((await relay.healthCheck()).nodes).toMatchObject([{ serverUrl: 'localhost:1' }]);
    await relay.close();
  });
});
