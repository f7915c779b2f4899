import type { RelayError } from '../../protocol/errors.js';

interface PendingReply<Value> {
  resolve(value: Value): void;
  reject(error: RelayError): void;
}

/** Replies that bear no id: the SFU gives them in the order in which they were asked for. */
export class PendingReplies<Value> {
  #waiting: PendingReply<Value>[] = [];

  /** Waits for the reply to what `send` sends. */
  ask(send: () => void): Promise<Value> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      send();
    });
  }

  /** The oldest question's reply; one that nobody asked for is dropped. */
  answer(value: Value): void {
    this.#waiting.shift()?.resolve(value);
  }

  /** False where nobody waits. */
  refuse(error: RelayError): boolean {
    const waiting = this.#waiting.shift();
    waiting?.reject(error);
    return waiting !== undefined;
  }

  refuseAll(why: () => RelayError): void {
    for (const waiting of this.#waiting.splice(0)) waiting.reject(why());
  }
}
