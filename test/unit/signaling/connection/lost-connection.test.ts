import { expect, test, vi } from 'vitest';
import { acceptConnection, anonymous, type InterruptedContext, SfuRelay } from '../../../../src/index.js';
import { fakeOffer } from '../../../../src/testing/index.js';
import { eventually } from '../../../support/eventually.js';

vi.mock('../../../../src/sfu/ion/ion-sfu.js', async () => {
  const { InstantSfu } = await import('../../../support/instant-sfu.js');
  return { IonSfu: InstantSfu };
});

type Connection = ReturnType<typeof acceptConnection>;

const LONG = JSON.stringify({ method: 'trickle', params: { candidate: 'x'.repeat(10_000) } });

test.each<[string, (connection: Connection) => void, object | undefined]>([
  ['that breaks', (connection) => connection.closed(1006), { code: 'ERR_RELAY_ABORTED' }],
  [
    'that the relay closes for a long message',
    (connection) => connection.receive(LONG),
    { code: 'ERR_RELAY_TOO_LARGE' },
  ],
  ['that its client closes with 1000 is none', (connection) => connection.closed(1000), undefined],
])('the hook of a lost connection has an error that says why: one %s', async (_, lose, expected) => {
  const lost: InterruptedContext[] = [];
  const relay = new SfuRelay({
    sfu: { serverUrl: 'localhost:5551' },
    authenticate: anonymous(),
    logger: false,
    hooks: { onInterrupted: (interruption) => void lost.push(interruption) },
  });
  const told: { id?: number }[] = [];
  const connection = acceptConnection(
    relay,
    {
      protocol: '',
      bufferedAmount: 0,
      send: (text) => void told.push(JSON.parse(text)),
      ping: () => {},
      close: () => {},
      terminate: () => {},
    },
    { url: '/rtc', headers: {}, remoteAddress: '127.0.0.1' },
    { maxMessageBytes: 8_192 },
  );
  const offer = { type: 'offer', sdp: fakeOffer() };
  const params = { sid: 'lobby', capabilities: ['resume'], offer };
  connection.receive(JSON.stringify({ id: 1, method: 'join', params }));
  await eventually(() => expect(told.some(({ id }) => id === 1)).toBe(true));
  // A session that has never lost its connection holds nothing for the case.
  const states = [...relay.sessions.values()].map(({ connection, lifecycle }) => [
    connection,
    lifecycle.presence,
  ]);
  expect(states).toEqual([['connected', undefined]]);
  connection.receive(JSON.stringify({ method: 'ack', params: { received: 1 } }));
  lose(connection);
  expect(lost.map(({ cause, error }) => ({ cause, code: error.code }))).toEqual(
    expected ? [{ cause: 'connection', ...expected }] : [],
  );
  await relay.close({ timeoutMs: 100 });
});
