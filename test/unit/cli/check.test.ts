import { describe, expect, test } from 'vitest';
import { readCandidates } from '../../../src/cli/check/candidates.js';
import { formatVerdict } from '../../../src/cli/check/report.js';
import { runCli } from '../../support/cli.js';

const URL = 'wss://live.example.org/rtc';

describe('sfu-relay check', () => {
  test.each<[string, string[], string]>([
    ['no URL', [], 'Name the URL of the relay'],
    ['two URLs', [URL, 'lobby'], '"lobby" is another'],
    ['a URL without a scheme', ['live.example.org/rtc'], 'write wss://live.example.org/rtc'],
    ['another scheme', ['ftp://live.example.org/rtc'], 'not with ftp://'],
    ['what is no URL', ['wss://'], 'is no URL'],
    ['a fragment', [`${URL}#x`], 'leave #x out'],
    ['a user name', ['wss://me@live.example.org/rtc'], 'write --token'],
    ['an empty token', [URL, '--token', ''], '--token is empty.'],
    ['a token with more around it', [URL, '--token', 'Bearer abc'], 'is it only the token?'],
    ['no token on stdin', [URL, '--token', '-'], 'stdin has no token.'],
    [
      'an origin with a path',
      [URL, '--origin', 'https://www.example.org/live'],
      'no path: https://www.example.org.',
    ],
    ['an origin without a scheme', [URL, '--origin', 'www.example.org'], 'https://www.example.org.'],
    ['an empty room', [URL, '--room', ''], '--room has 1 to 128 characters.'],
    ['a time without its unit', [URL, '--timeout', '5'], 'such as 5s; not "5"'],
    ['a time of nothing', [URL, '--timeout', '0s'], 'such as 5s; not "0s"'],
    ['a health endpoint without a scheme', [URL, '--health', '/health'], '--health is a URL'],
    ['an unknown option', [URL, '--tokens', 'x'], "Unknown option '--tokens'."],
  ])('says what is wrong with %s', async (_, args, message) => {
    const { exitCode, out, err } = await runCli(['check', ...args]);
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
    expect(err).toContain(message);
  });

  test('lists its options', async () => {
    const { exitCode, out } = await runCli(['check', '--help']);
    expect(exitCode).toBe(0);
    for (const option of ['token', 'audience', 'room', 'origin', 'health', 'timeout', 'json'])
      expect(out).toContain(`--${option}`);
  });

  test('tells people of each step what was found, and what to do', () => {
    const message = 'first\nsecond';
    expect(
      formatVerdict({ step: 'turn', status: 'fault', fault: 'turn-refused', message, advice: ['Do this.'] }),
    ).toBe('✗ turn    first\n          second\n          → Do this.\n');
  });
});

describe("the SFU's candidates", () => {
  test('are those of UDP, of the description and of later messages, each once', () => {
    const host = 'candidate:1 1 udp 2130706431 198.51.100.7 5000 typ host';
    const sdp = `v=0\r\na=${host}\r\na=candidate:2 1 tcp 1 198.51.100.7 9 typ host tcptype active\r\n`;
    const trickled = [
      host,
      'candidate:3 1 UDP 1 2001:db8::1 5000 typ host',
      'candidate:4 1 udp 1 x.local 1 typ host',
      '',
    ];
    expect(readCandidates(sdp, trickled)).toEqual([
      { address: '198.51.100.7', port: 5000 },
      { address: '2001:db8::1', port: 5000 },
    ]);
  });
});
