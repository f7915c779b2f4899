import { Reply, Request } from '../../sfu/ion/gen/rtc.js';

/** The service `rtc.RTC` of proto/rtc.proto, for @grpc/grpc-js. */
export const RTC_SERVICE = {
  signal: {
    path: '/rtc.RTC/Signal',
    requestStream: true,
    responseStream: true,
    requestSerialize: (value: Request) => Buffer.from(Request.encode(value).finish()),
    requestDeserialize: (value: Buffer) => Request.decode(value),
    responseSerialize: (value: Reply) => Buffer.from(Reply.encode(value).finish()),
    responseDeserialize: (value: Buffer) => Reply.decode(value),
  },
} as const;
