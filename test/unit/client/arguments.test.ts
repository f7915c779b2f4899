import { beforeEach, expect, test } from 'vitest';
import { connect, type RelayClient } from '../../../src/client/index.js';
import { asStream, FakeStream, FakeTrack, installFakeBrowser } from './fake-browser.js';
import { joined } from './participant.js';

beforeEach(installFakeBrowser);

const stream = () => asStream(new FakeStream([new FakeTrack('video', 't1')], 's1'));

/** The calls of the browser's side that take options, with one that is misspelled, and the name that is meant. */
const CALLS: [string, string, (client: RelayClient) => Promise<unknown>][] = [
  ['connect', 'token', () => connect('ws://relay.test/rtc', { tokn: 'x' } as object)],
  ['join', 'userId', (client) => client.join({ roomId: 'lobby', userID: 'me' } as never)],
  ['publish', 'simulcast', (client) => client.publish(stream(), { simulcst: true } as object)],
  ['send', 'to', (client) => client.send('chat', { text: 'hello' }, { too: 'bob' } as object)],
  ['sendGift', 'count', (client) => client.sendGift('rose', { cout: 3 } as object)],
];

test.each(CALLS)(
  '%s() refuses an unknown option, and lists those that there are: "%s"',
  async (call, meant, make) => {
    const { client } = await joined();
    await expect(make(client)).rejects.toMatchObject({
      code: 'ERR_CLIENT_ARGUMENT',
      message: expect.stringMatching(new RegExp(`${call}\\(.*\\) takes no .*only .*\\b${meant}\\b`)),
    });
  },
);
