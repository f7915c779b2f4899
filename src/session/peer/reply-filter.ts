import { RelayError } from '../../protocol/errors.js';
import type { IceCandidate, SessionDescription, Target } from '../../protocol/types.js';
import { isPromise } from '../../util/is-promise.js';
import type { ReplyMessage, ReplyMessageFilter } from './message-filters.js';

/** Passes the SFU's messages through the application's filter; synchronously where there is none. */
export class ReplyFilter {
  readonly #filter: ReplyMessageFilter | undefined;
  readonly #onFailed: (error: RelayError) => void;

  constructor(filter: ReplyMessageFilter | undefined, onFailed: (error: RelayError) => void) {
    this.#filter = filter;
    this.#onFailed = onFailed;
  }

  answer(answer: SessionDescription): SessionDescription | Promise<SessionDescription> {
    return this.#filter ? passAnswer(this.#filter, answer) : answer;
  }

  offer(offer: SessionDescription, act: (shown: SessionDescription) => void): void {
    // The application may have added members, also ones that no JSON can have.
    const show = ({ type, sdp }: SessionDescription) => act({ type, sdp });
    if (this.#filter) this.#pass(this.#filter, { method: 'offer', params: offer }, show);
    else act(offer);
  }

  candidate(target: Target, init: string, act: (target: Target, init: string) => void): void {
    if (!this.#filter) {
      act(target, init);
      return;
    }
    const params = { target, candidate: JSON.parse(init) as IceCandidate };
    this.#pass(this.#filter, { method: 'trickle', params }, (shown) => {
      const { candidate, sdpMid, sdpMLineIndex, usernameFragment } = shown.candidate;
      act(shown.target, JSON.stringify({ candidate, sdpMid, sdpMLineIndex, usernameFragment }));
    });
  }

  #pass<Message extends ReplyMessage>(
    filter: ReplyMessageFilter,
    message: Message,
    act: (params: Message['params']) => void,
  ): void {
    const failed = (error: unknown) => {
      // A missing candidate is harmless; a missing offer costs the client every later track.
      if (message.method !== 'trickle') this.#onFailed(RelayError.from(error));
    };
    try {
      const passing = filter.reply(message, act);
      if (isPromise(passing)) passing.then(undefined, failed);
    } catch (error) {
      failed(error);
    }
  }
}

async function passAnswer(
  filter: ReplyMessageFilter,
  answer: SessionDescription,
): Promise<SessionDescription> {
  return (await filter.reply({ method: 'answer', params: answer }, (params) => params)) ?? answer;
}
