import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PREFIX_BYTES } from '../../../../src/grpc/grpc-connection.js';
import { Reply, Request } from '../../../../src/sfu/ion/gen/rtc.js';
import {
  decodeReply,
  decodeTrickle,
  encodeRequest,
  encodeTrickle,
} from '../../../../src/sfu/ion/ion-codec.js';

const target = fc.constantFrom(0 as const, 1 as const);
const init = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1 }),
  fc.string({ minLength: 100, maxLength: 20_000 }),
);

describe('candidates, written and read by hand', () => {
  test('are written byte for byte as the generated code would', () => {
    fc.assert(
      fc.property(target, init, (target, init) => {
        const request: Request = { payload: { $case: 'trickle', value: { target, init } } };
        expect(encodeTrickle(target, init).subarray(PREFIX_BYTES)).toEqual(
          Buffer.from(Request.encode(request).finish()),
        );
      }),
    );
  });

  test('are read as the generated code would', () => {
    fc.assert(
      fc.property(target, init, (target, init) => {
        const reply: Reply = { payload: { $case: 'trickle', value: { target, init } } };
        expect(decodeTrickle(Buffer.from(Reply.encode(reply).finish()))).toEqual({ target, init });
      }),
    );
  });

  test('that look otherwise, or are cut, are left to the generated code', () => {
    const whole = Buffer.from(
      Reply.encode({ payload: { $case: 'trickle', value: { target: 1, init: '{}' } } }).finish(),
    );
    for (let length = 0; length < whole.length; length += 1)
      expect(decodeTrickle(whole.subarray(0, length))).toBeUndefined();
    expect(decodeTrickle(Buffer.concat([whole, Buffer.from([0x20, 1])]))).toBeUndefined();
    expect(decodeTrickle(Buffer.from([0x1a, 4, 0x08, 7, 0x12, 0]))).toBeUndefined();
  });
});

describe('a request', () => {
  const sdps = fc.string({ maxLength: 2_000 });
  const offer = (sdp: string): Request['payload'] => ({
    $case: 'description',
    value: { target: 0, type: 'offer', sdp, trackInfos: [] },
  });

  test('has its length before it, and nothing of the one before', () => {
    fc.assert(
      fc.property(sdps, (sdp) => {
        const framed = encodeRequest(offer(sdp));
        expect(framed[0]).toBe(0);
        expect(framed.readUInt32BE(1)).toBe(framed.length - PREFIX_BYTES);
        expect(Request.decode(framed.subarray(PREFIX_BYTES)).payload).toEqual(offer(sdp));
      }),
    );
  });

  test('that can’t be written leaves nothing for the next one', () => {
    const broken = { target: 1.5 as 1, type: 'offer', sdp: '', trackInfos: [] };
    expect(() => encodeRequest({ $case: 'description', value: broken })).toThrow();
    expect(Request.decode(encodeRequest(offer('v=0')).subarray(PREFIX_BYTES)).payload).toEqual(offer('v=0'));
  });
});

test('bytes that are no reply end the session, and not the process', () => {
  expect(() => decodeReply(Buffer.from([0x0a, 0xff, 0xff]))).toThrow(
    expect.objectContaining({ code: 'ERR_RELAY_SFU_STREAM_ENDED' }),
  );
});
