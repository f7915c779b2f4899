import type { Principal } from './authentication.js';
import { RelayError } from './errors.js';
import type { ReplyMessage } from './hooks.js';
import type { IceCandidate, SessionDescription, Target } from './model.js';
import { isPromise } from './promise.js';
import type { SessionHooks } from './session-hooks.js';

/** What the SFU says to a session, as the application lets it pass; at once where there is none to be asked. */
export class ReplyPassage<P extends Principal> {
  readonly #hooks: SessionHooks<P> | undefined;
  readonly #onFailed: (error: RelayError) => void;

  constructor(hooks: SessionHooks<P> | undefined, onFailed: (error: RelayError) => void) {
    this.#hooks = hooks;
    this.#onFailed = onFailed;
  }

  answer(answer: SessionDescription): SessionDescription | Promise<SessionDescription> {
    return this.#hooks ? passAnswer(this.#hooks, answer) : answer;
  }

  offer(offer: SessionDescription, act: (shown: SessionDescription) => void): void {
    if (this.#hooks) this.#pass(this.#hooks, { method: 'offer', params: offer }, act);
    else act(offer);
  }

  candidate(target: Target, init: string, act: (target: Target, init: string) => void): void {
    if (!this.#hooks) {
      act(target, init);
      return;
    }
    const params = { target, candidate: JSON.parse(init) as IceCandidate };
    this.#pass(this.#hooks, { method: 'trickle', params }, (shown) =>
      act(shown.target, JSON.stringify(shown.candidate)),
    );
  }

  #pass<Message extends ReplyMessage>(
    hooks: SessionHooks<P>,
    message: Message,
    act: (params: Message['params']) => void,
  ): void {
    const failed = (error: unknown) => {
      // A candidate less is no loss that anybody notices; an offer less is every later track.
      if (message.method !== 'trickle') this.#onFailed(RelayError.from(error));
    };
    try {
      const passing = hooks.reply(message, act);
      if (isPromise(passing)) passing.then(undefined, failed);
    } catch (error) {
      failed(error);
    }
  }
}

async function passAnswer<P extends Principal>(
  hooks: SessionHooks<P>,
  answer: SessionDescription,
): Promise<SessionDescription> {
  return (await hooks.reply({ method: 'answer', params: answer }, (params) => params)) ?? answer;
}
