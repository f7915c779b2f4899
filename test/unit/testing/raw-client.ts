import type { ServiceError } from '@grpc/grpc-js';
import type { Reply, Request } from '../../../src/sfu/ion/gen/rtc.js';
import { fakeOffer } from '../../../src/testing/index.js';
import { RtcClient } from '../../support/rtc-client.js';

type ReplyPayload = NonNullable<Reply['payload']>;

type ValueOf<Case extends ReplyPayload['$case']> = Extract<ReplyPayload, { $case: Case }>['value'];

/** A peer by hand: the generated client and a list of what came back. */
export function openRawPeer(address: string) {
  const client = new RtcClient(address);
  const call = client.signal();
  const replies: ReplyPayload[] = [];
  const waiters = new Set<() => void>();
  let over: { code: number; details: string } | undefined;
  const changed = () => {
    for (const check of waiters) check();
  };
  call.on('data', ({ payload }: Reply) => {
    if (payload) replies.push(payload);
    changed();
  });
  call.on('error', () => {});
  call.on('status', ({ code, details }: ServiceError) => {
    over = { code, details };
    changed();
  });

  /** Resolves with what `condition` gives as soon as it is not `undefined`. */
  function until<T>(condition: () => T | undefined): Promise<T> {
    return new Promise((resolve) => {
      const check = () => {
        const value = condition();
        if (value === undefined) return;
        waiters.delete(check);
        resolve(value);
      };
      waiters.add(check);
      check();
    });
  }

  const send = (payload: NonNullable<Request['payload']>) => call.write({ payload });
  return {
    call,
    replies,
    send,
    /** Resolves with the replies once there are `count`. */
    receive: (count: number) => until(() => (replies.length >= count ? replies.slice(0, count) : undefined)),
    /** Resolves with the first reply of a kind. */
    reply: <Case extends ReplyPayload['$case']>(kind: Case) =>
      until<ValueOf<Case>>(
        () => replies.find((reply) => reply.$case === kind)?.value as ValueOf<Case> | undefined,
      ),
    status: () => until(() => over),
    describe: (target: 0 | 1, type: 'offer' | 'answer', sdp = fakeOffer()) =>
      send({ $case: 'description', value: { target, type, sdp, trackInfos: [] } }),
    trickle: (target: 0 | 1, init: string) => send({ $case: 'trickle', value: { target, init } }),
    join: (uid: string, sid = 'room', sdp = fakeOffer()) =>
      send({
        $case: 'join',
        value: { sid, uid, config: {}, description: { target: 0, type: 'offer', sdp, trackInfos: [] } },
      }),
    close: () => client.close(),
  };
}

export type RawPeer = ReturnType<typeof openRawPeer>;
