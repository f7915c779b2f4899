import type { JoinResult } from '../../protocol/messages.js';
import { closeCodeOf, closed, closeInfoOf } from '../common/close.js';
import { asClientError, type RelayClientError } from '../common/errors.js';
import type { Emit } from '../common/events.js';
import { isResumeResult } from '../common/wire-forms.js';
import { withTimeout } from '../common/with-timeout.js';
import type { Rpc } from './json-rpc.js';
import type { Dial } from './settings.js';

/** The close codes after which the relay keeps the session (docs/PROTOCOL.md, Resumption). */
const KEPT_AFTER = /^(10(0[569]|12)|4413|4508)$/;
/** Refusals that a join would meet, too. */
const FINAL = /^ERR_RELAY_(REPLACED|REMOVED|ROOM_ENDED)$/;
const FIRST_PAUSE_MS = 300;
const PAUSE_MS = 1_000;
/** News of the network end an older attempt. */
const YOUNG_MS = 1_000;

/** Proves that a session belongs to this client. */
export interface SessionProof {
  sessionId: string;
  /** Each resumption brings another one. */
  sessionToken: string;
}

interface ResumptionOptions {
  emit: Emit;
  dial: Dial | undefined;
  connectTimeoutMs: number;
  /** The connection of another socket, beside the current one. */
  speak(socket: WebSocket): Rpc;
  /** Whether another attempt may succeed after this error. */
  isCurable(error: RelayClientError): boolean;
  /**
   * The session continues.
   * @param snapshot the state of the room, in place of the missed messages about it
   * @returns called when the missed messages have arrived
   */
  onResumed(snapshot: JoinResult | undefined): () => void;
  /** @param next a connection that is open, for the next join */
  onRefused(next: Rpc): void;
}

/** The reason in words for people. */
function reasonOf(error: RelayClientError): string {
  const info = closeInfoOf(error);
  return info && !info.error ? info.reason || 'The connection was lost.' : error.message;
}

/** Continues the session on another WebSocket when its connection breaks, so that no message is lost. */
export function resumption({ emit, dial, ...options }: ResumptionOptions) {
  /** The session that the relay keeps when the connection breaks. */
  let kept: SessionProof | undefined;
  let graceMs = 0;
  /** performance.now() of the loss, until the missed messages have arrived. */
  let lostAt: number | undefined;
  let attempt = new AbortController();
  let attemptedAt = 0;
  let wake: (() => void) | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const forget = () => {
    kept = lostAt = undefined;
    attempt.abort();
    clearTimeout(timer);
    wake?.();
  };
  const tellLoss = (error: RelayClientError) => {
    forget();
    emit('connection', { state: 'lost', reason: reasonOf(error) });
  };
  const lose = (rpc: Rpc, error: RelayClientError) => {
    tellLoss(error);
    rpc.close(error);
  };

  /** Until the session is resumed, refused or left, or the relay does not keep it any longer. */
  const attemptAll = async (rpc: Rpc, proof: SessionProof, connect: Dial) => {
    const endsAt = performance.now() + graceMs;
    for (let pauseMs = FIRST_PAUSE_MS; kept === proof; pauseMs = PAUSE_MS) {
      attemptedAt = performance.now();
      if (attemptedAt >= endsAt) return lose(rpc, closed(1006, 'The connection did not return in time.'));
      if (!rpc.counts.kept) return lose(rpc, closed(1006, 'Too many messages waited.'));
      attempt = new AbortController();
      const { signal } = attempt;
      timer = setTimeout(() => attempt.abort(), Math.min(options.connectTimeoutMs, endsAt - attemptedAt));
      let next: Rpc | undefined;
      let error: RelayClientError;
      try {
        next = await connect(options.speak, signal);
        await resumeOn(next, rpc, proof, signal);
        return;
      } catch (reason) {
        error = asClientError(reason);
      }
      clearTimeout(timer);
      if (kept !== proof) return next?.close();
      const { code, retryAfterMs } = error;
      const isFinal = FINAL.test(code);
      if (next?.isOpen && !signal.aborted && !isFinal && !retryAfterMs) {
        lose(rpc, closed(1006, error.message));
        return options.onRefused(next);
      }
      // Not by 1000, which ends the session: the relay may have resumed it, and its answer may be lost.
      next?.abandon(error);
      if (!signal.aborted && (isFinal || !options.isCurable(error))) return lose(rpc, error);
      const waitMs = retryAfterMs ?? (signal.aborted ? 0 : pauseMs * (0.75 + Math.random() / 2));
      await new Promise<void>((resolve) => {
        // News of the network do not change the time that the relay has named.
        wake = retryAfterMs ? undefined : resolve;
        timer = setTimeout(resolve, Math.min(waitMs, endsAt - performance.now()));
      });
    }
  };

  const resumeOn = (next: Rpc, rpc: Rpc, proof: SessionProof, signal: AbortSignal) =>
    withTimeout<void>(graceMs, signal, (resolve, reject) =>
      // The missed messages may follow in the same turn.
      next.exchange('resume', { ...proof, received: rpc.counts.received }, (error, result) => {
        if (error || signal.aborted) return reject(error);
        if (!isResumeResult(result) || !rpc.counts.agree(result)) {
          const retryable = closed(1006);
          next.abandon(retryable);
          return reject(retryable);
        }
        clearTimeout(timer);
        proof.sessionToken = result.sessionToken;
        const sent = rpc.moveTo(next, result);
        const complete = options.onResumed(result.snapshot);
        resolve();
        // The relay answers after the missed messages.
        rpc.exchange('ping', undefined, () => {
          if (lostAt === undefined || kept !== proof || !rpc.isOpen) return;
          const downMs = performance.now() - lostAt;
          lostAt = undefined;
          complete();
          const received = rpc.counts.received - result.sent;
          emit('connection', {
            state: 'resumed',
            downMs,
            kept: { sent, received },
            snapshot: !!result.snapshot,
          });
        });
      }),
    );

  return {
    forget,

    /** The relay keeps this session from now on, if it can be resumed. @returns its proof */
    keep(rpc: Rpc, { sessionId, sessionToken, resumption }: JoinResult): SessionProof | undefined {
      const proof = sessionToken ? { sessionId, sessionToken } : undefined;
      if (dial && resumption) {
        kept = proof;
        graceMs = resumption.graceMs;
        rpc.counts.acknowledge();
      }
      return proof;
    },

    /** The relay is going to close: it keeps nothing. */
    expire(): void {
      graceMs = 0;
    },

    /** The connection has broken. @returns whether the session is going to be resumed */
    begin(rpc: Rpc, error: RelayClientError): boolean {
      const proof = kept;
      const isKept = graceMs > 0 && rpc.counts.kept && KEPT_AFTER.test(`${closeCodeOf(error)}`);
      if (!proof || !dial || !isKept) {
        // It has broken again, before the missed messages have arrived.
        if (lostAt !== undefined) tellLoss(error);
        return false;
      }
      if (lostAt === undefined) {
        lostAt = performance.now();
        emit('connection', { state: 'interrupted', reason: reasonOf(error), graceMs });
      }
      void attemptAll(rpc, proof, dial);
      // A listener may have closed the client.
      return kept === proof;
    },

    /** There are news of the network. */
    hint(): void {
      if (performance.now() - attemptedAt > YOUNG_MS) attempt.abort();
      wake?.();
    },
  };
}
