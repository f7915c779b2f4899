import { expect, test, vi } from 'vitest';
import { acceptConnection, anonymous, SfuRelay } from '../../../../src/index.js';
import type { SfuJoin, SfuStreamListener } from '../../../../src/sfu/sfu.js';
import { fakeOffer } from '../../../../src/testing/index.js';
import { eventually } from '../../../support/eventually.js';

/** Its offer comes with its answer. */
vi.mock('../../../../src/sfu/ion/ion-sfu.js', async () => {
  const { InstantSfu } = await import('../../../support/instant-sfu.js');
  return {
    IonSfu: class extends InstantSfu {
      override async open(listener: SfuStreamListener) {
        const stream = await super.open(listener);
        const join = (request: SfuJoin) => {
          stream.join(request);
          listener.onOffer({ type: 'offer', sdp: fakeOffer() });
        };
        return { ...stream, join };
      }
    },
  };
});

test('an application that listens as soon as a session is there takes no offer from its client', async () => {
  const relay = new SfuRelay({ sfu: { serverUrl: 'localhost:5551' }, authenticate: anonymous() });
  const [told, heard] = [[] as unknown[], [] as unknown[]];
  relay.on('sessionopen', (session) => session.on('offer', ({ type }) => heard.push(type)));
  const connection = acceptConnection(
    relay,
    {
      protocol: '',
      bufferedAmount: 0,
      send: (text) => told.push(JSON.parse(text).method),
      ping: () => {},
      close: () => {},
      terminate: () => {},
    },
    { url: '/rtc', headers: {}, remoteAddress: '127.0.0.1' },
  );
  const params = { sid: 'lobby', offer: { type: 'offer', sdp: fakeOffer() } };
  connection.receive(JSON.stringify({ id: 1, method: 'join', params }));
  await eventually(() => expect(heard).toEqual(['offer']));
  await eventually(() => expect(told).toEqual([undefined, 'offer']));
  connection.closed();
  await relay.close({ timeoutMs: 100 });
});
