import type { RelayError } from '../../protocol/errors.js';

interface PendingReply<Value> {
  resolve(value: Value): void;
  reject(error: RelayError): void;
}

/** Requests that wait for replies without ids: the SFU replies in the order of the requests. */
export class PendingReplies<Value> {
  #waiting: PendingReply<Value>[] = [];

  /** Sends a request by `send`; resolves with its reply. */
  ask(send: () => void): Promise<Value> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      send();
    });
  }

  /** The reply to the oldest request; ignored where there is none. */
  answer(value: Value): void {
    this.#waiting.shift()?.resolve(value);
  }

  /** Rejects the oldest request; false where there is none. */
  refuse(error: RelayError): boolean {
    const waiting = this.#waiting.shift();
    waiting?.reject(error);
    return waiting !== undefined;
  }

  refuseAll(why: () => RelayError): void {
    for (const waiting of this.#waiting.splice(0)) waiting.reject(why());
  }
}
