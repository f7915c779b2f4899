import { Client, type ClientDuplexStream, credentials } from '@grpc/grpc-js';
import type { Reply, Request } from '../../src/sfu/ion/gen/rtc.js';
import { RTC_SERVICE } from '../../src/testing/scripted/rtc-service.js';

/** A bare client of `rtc.RTC`, by @grpc/grpc-js. */
export class RtcClient extends Client {
  constructor(address: string) {
    super(address, credentials.createInsecure());
  }

  signal(): ClientDuplexStream<Request, Reply> {
    const { path, requestSerialize, responseDeserialize } = RTC_SERVICE.signal;
    return this.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  }
}
