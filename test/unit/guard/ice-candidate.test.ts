import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  candidateFilter,
  checkInit,
  readCandidate,
  readInit,
  writeInit,
} from '../../../src/guard/ice-candidate.js';

const HOST = 'candidate:1 1 udp 2130706431 127.0.0.1 50000 typ host';

describe('a candidate', () => {
  test.each([
    HOST,
    `${HOST} generation 0 ufrag abcd network-id 1`,
    'candidate:842163049 1 udp 1677729535 203.0.113.7 61000 typ srflx raddr 192.168.1.5 rport 61000 generation 0',
    'candidate:1 1 udp 2113937151 2001:db8::1 50000 typ host',
    'candidate:1 1 UDP 2113937151 4f2a7c1e-aaaa-4bbb-8ccc-1234567890ab.local 50000 typ host generation 0',
    'candidate:1 1 tcp 1518280447 192.168.1.5 9 typ host tcptype active generation 0',
    'candidate:1 1 udp 41885439 198.51.100.2 3478 typ relay raddr 0.0.0.0 rport 0',
    '',
  ])('of a browser is taken: %s', (candidate) => {
    expect(readCandidate(candidate)).toBe(candidate);
  });

  test.each([
    ['nonsense', 'hello'],
    ['too few fields', 'candidate:1 1 udp 1 127.0.0.1'],
    ['a line break', `${HOST}\r\na=sendrecv`],
    ['a port beyond 65535', HOST.replace('50000', '65536')],
    ['a component beyond 16 bits', HOST.replace('candidate:1 1', 'candidate:1 65536')],
    ['a priority beyond 32 bits', HOST.replace('2130706431', '4294967296')],
    ['a related address without a port', `${HOST} raddr 10.0.0.1`],
    ['a related address whose port is none', `${HOST} raddr 10.0.0.1 rport x`],
    ['a related port beyond 65535', `${HOST} raddr 10.0.0.1 rport 65536`],
    ['a TCP type that is left out', `${HOST} tcptype`],
    ['great length', `${HOST} ufrag ${'x'.repeat(1_100)}`],
  ])('with %s is refused', (_, candidate) => {
    expect(() => readCandidate(candidate)).toThrow(
      expect.objectContaining({ code: 'ERR_RELAY_INVALID_SDP' }),
    );
  });
});

describe('a candidate that is to be ignored (RFC 8839 § 5.1)', () => {
  test.each([
    ['a name for an address', HOST.replace('127.0.0.1', 'example.org')],
    ['an IPv4 address out of range', HOST.replace('127.0.0.1', '127.0.0.256')],
    ['an IPv4 address of three parts', HOST.replace('127.0.0.1', '127.0.1')],
    ['a malformed IPv6 address', HOST.replace('127.0.0.1', '2001:::1')],
    ['an IPv6 address with a zone', HOST.replace('127.0.0.1', 'fe80::1%eth0')],
    ['an unknown type', HOST.replace('host', 'magic')],
    ['an unknown transport', HOST.replace('udp', 'ssltcp')],
  ])('as it has %s, is neither refused nor given to the SFU', (_, candidate) => {
    expect(readCandidate(candidate)).toBeUndefined();
  });
});

describe('a candidate of a native client', () => {
  test.each([
    ['without its prefix', HOST.slice('candidate:'.length)],
    ['as a line of SDP', `a=${HOST}`],
    ['with tabs and doubled spaces', HOST.replaceAll(' ', ' \t')],
    ['with a space at its end', `${HOST} `],
  ])('that comes %s is read as any other', (_, candidate) => {
    expect(readCandidate(candidate)).toBe(HOST);
  });

  test.each([
    ['a foundation of other characters', HOST.replace('candidate:1', 'candidate:{1-a_b}')],
    ['another component', HOST.replace('candidate:1 1', 'candidate:1 0')],
    ['its transport in mixed case', HOST.replace('udp', 'Udp')],
    ['an extension without a value', `${HOST} generation`],
    ['a related address that is a name', `${HOST.replace('host', 'srflx')} raddr x rport 1`],
  ])('may have %s', (_, candidate) => {
    expect(readCandidate(candidate)).toBe(candidate);
  });

  test.each(['candidate:', 'a=candidate:', ' '])('says by "%s" that there are no more', (candidate) => {
    expect(readCandidate(candidate)).toBe('');
  });
});

describe('an RTCIceCandidateInit', () => {
  const encode = (init: object) => writeInit(readInit(init) ?? 'ignored', init);

  test.each([{}, { candidate: null }, { candidate: '' }])('says that there are no more: %j', (init) => {
    expect(JSON.parse(encode(init))).toEqual({ candidate: '' });
  });

  test('is passed on with its four members, and no other', () => {
    const init = { candidate: HOST, sdpMid: '0', sdpMLineIndex: 0, usernameFragment: null, extra: 'x' };
    expect(JSON.parse(encode(init))).toEqual({
      candidate: HOST,
      sdpMid: '0',
      sdpMLineIndex: 0,
      usernameFragment: null,
    });
  });

  test.each([
    undefined,
    null,
    'candidate:1',
    [],
    { candidate: 1 },
    { candidate: HOST, sdpMid: 0 },
    { candidate: HOST, sdpMid: 'x'.repeat(300) },
    { candidate: HOST, sdpMLineIndex: -1 },
    { candidate: HOST, sdpMLineIndex: 0.5 },
    { candidate: HOST, sdpMLineIndex: 70_000 },
    { candidate: HOST, usernameFragment: {} },
  ])('that is none is refused: %j', (init) => {
    expect(() => readInit(init)).toThrow(expect.objectContaining({ code: 'ERR_RELAY_INVALID_PARAMS' }));
  });

  test('is written as JSON.stringify writes it, whatever is in it', () => {
    const text = fc.option(fc.string({ unit: 'binary', maxLength: 12 }), { nil: null });
    const index = fc.option(fc.integer({ min: 0, max: 65_535 }), { nil: null });
    const extension = fc.stringMatching(/^[!-~]{1,8}$/);
    const init = fc.record(
      { sdpMid: text, sdpMLineIndex: index, usernameFragment: text },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(init, extension, ({ sdpMid, sdpMLineIndex, usernameFragment }, value) => {
        const given = { candidate: `${HOST} ufrag ${value}`, sdpMid, sdpMLineIndex, usernameFragment };
        expect(encode(given)).toBe(JSON.stringify(given));
      }),
    );
  });
});

describe('a candidate of the SFU', () => {
  test('is passed on as it came, where it is plain', () => {
    const init = `{"candidate":"${HOST}","sdpMid":"0","sdpMLineIndex":0,"usernameFragment":null}`;
    expect(checkInit(init)).toBe(init);
  });

  test('is passed on as sound JSON, however it is written', () => {
    const escaped = `{ "candidate" : "a\\"b", "sdpMid":"\\u00e9", "more": [1, 2] }`;
    expect(JSON.parse(checkInit(escaped) ?? '')).toEqual(JSON.parse(escaped));
  });

  test('is sound JSON with a candidate, or none', () => {
    const sound = `{"candidate":"${HOST}","sdpMid":"0","sdpMLineIndex":0,"usernameFragment":"abcd"}`;
    const place = fc.nat({ max: sound.length - 1 });
    const other = fc.string({ unit: 'binary', maxLength: 3 });
    fc.assert(
      fc.property(place, fc.nat({ max: 3 }), other, (at, cut, put) => {
        const init = sound.slice(0, at) + put + sound.slice(at + cut);
        const checked = checkInit(init);
        if (checked === undefined) return;
        expect(JSON.parse(checked)).toEqual(JSON.parse(init));
        expect(typeof JSON.parse(checked).candidate).toBe('string');
      }),
      { numRuns: 2_000 },
    );
  });

  test.each([
    '',
    'null',
    '5',
    '{',
    '{}',
    '{"candidate":1}',
    '["candidate"]',
    '{"candidate":"","sdpMLineIndex":01}',
    '{"candidate":"\n"}',
    `"${'x'.repeat(3_000)}"`,
    `{"candidate":"${'x'.repeat(3_000)}"}`,
  ])('that is none goes nowhere: %s', (junk) => {
    expect(checkInit(junk)).toBeUndefined();
  });
});

describe('the policy for candidates', () => {
  const at = (address: string) => HOST.replace('127.0.0.1', address);

  test('lets all pass by default', () => {
    expect(candidateFilter({})).toBeUndefined();
    expect(candidateFilter({ mdns: 'pass', privateAddresses: 'pass' })).toBeUndefined();
  });

  test('may keep addresses back that are not public', () => {
    const admits = candidateFilter({ privateAddresses: 'drop' });
    expect([admits?.(at('10.1.2.3')), admits?.(at('::ffff:10.0.0.1'))]).toEqual([false, false]);
    expect([admits?.(at('8.8.8.8')), admits?.(at('a.local'))]).toEqual([true, true]);
    expect(admits?.('')).toBe(true);
  });

  test('may keep .local names back', () => {
    const admits = candidateFilter({ mdns: 'drop' });
    expect([admits?.(at('a.local')), admits?.(at('10.0.0.1'))]).toEqual([false, true]);
  });
});
