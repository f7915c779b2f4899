import { status } from '@grpc/grpc-js';
import {
  type JoinRequest,
  type SessionDescription,
  type SubscriptionRequest,
  Target,
  type TrackInfo,
  type Trickle,
} from '../../sfu/ion/gen/rtc.js';
import { checkOptions, type Keys } from '../../util/check-options.js';
import { fakeAnswer, fakeCandidate, tracksOf } from './fake-sdp.js';
import {
  error,
  joinAccepted,
  joinRefused,
  NOT_JOINED,
  publisherAnswer,
  subscriberOffer,
  trackEvent,
  trickle,
} from './replies.js';
import type { ScriptedStream } from './scripted-stream.js';

/**
 * The callbacks of a {@link ScriptedSfu}. They may be replaced while the server runs. If one throws or rejects, the stream ends with
 * INTERNAL.
 * @category Testing
 */
export interface Script {
  onJoin(stream: ScriptedStream, join: JoinRequest): void | Promise<void>;
  onDescription(stream: ScriptedStream, description: SessionDescription): void | Promise<void>;
  onTrickle(stream: ScriptedStream, trickle: Trickle): void | Promise<void>;
  onSubscription(stream: ScriptedStream, request: SubscriptionRequest): void | Promise<void>;
  onHalfClose(stream: ScriptedStream): void | Promise<void>;
}

const SCRIPT_KEYS: Keys<Script> = {
  onJoin: true,
  onDescription: true,
  onTrickle: true,
  onSubscription: true,
  onHalfClose: true,
};

/** A script may have other members, such as those of a class. Unknown members that look like callbacks are refused. */
export function checkScript(script: Partial<Script>): void {
  const callbacks = Object.entries(script).filter(([name]) => /^on/i.test(name));
  const example = 'script: { onJoin(stream, join) {} }';
  checkOptions({ name: '"script"', example }, Object.fromEntries(callbacks), SCRIPT_KEYS);
}

/** The server's state that the script uses. */
interface Stage {
  readonly streams: ReadonlySet<ScriptedStream>;
  readonly echoTrickles: boolean;
  readonly broadcastTrackEvents: boolean;
  crash(reason: string): void;
}

/**
 * The behaviour of Ion v1.10.0 without its delays: the order of replies, refusals, and what ends a stream or the process.
 */
export function ionScript(stage: Stage): Script {
  const published = new WeakMap<ScriptedStream, TrackInfo[]>();

  function announce(stream: ScriptedStream, state: 0 | 2): void {
    const tracks = published.get(stream);
    if (!stage.broadcastTrackEvents || tracks === undefined) return;
    for (const other of stage.streams) {
      if (other !== stream && other.joined) {
        other.send(trackEvent({ state, uid: stream.uid, tracks }));
      }
    }
  }

  function sendExistingTracks(stream: ScriptedStream): void {
    for (const other of stage.streams) {
      const tracks = published.get(other);
      if (!stage.broadcastTrackEvents || other === stream || other.sid !== stream.sid || !tracks) continue;
      stream.send(trackEvent({ state: 0, uid: other.uid, tracks }));
    }
  }

  return {
    onJoin(stream, { sid, uid, description, config }) {
      if (description === undefined) return stage.crash('join without description');
      if (config.NoSubscribe === 'true') return stage.crash('join with NoSubscribe');
      if (config.NoPublish === 'true') return stream.fail(status.INTERNAL, `answer error: ${NOT_JOINED}`);
      if (stream.joined) {
        stream.send(joinRefused('join error: rtc transport already exists for this connection'));
      }
      if (!isOffer(description)) return stream.fail(status.INTERNAL, 'answer error: error creating answer');
      const first = !stream.joined;
      Object.assign(stream, { sid, uid, joined: true });
      stream.send(joinAccepted(fakeAnswer(description.sdp)));
      if (!first) return;
      stream.send(trickle(Target.PUBLISHER, fakeCandidate()));
      stream.send(trickle(Target.SUBSCRIBER, fakeCandidate()));
      stream.send(subscriberOffer());
      sendExistingTracks(stream);
      const tracks = tracksOf(description.sdp);
      if (tracks.length > 0) published.set(stream, tracks);
      announce(stream, 0);
      void stream.ended.then(() => announce(stream, 2));
    },

    onDescription(stream, description) {
      if (isOffer(description)) {
        if (!stream.joined) return stream.fail(status.INTERNAL, `answer error: ${NOT_JOINED}`);
        return stream.send({ $case: 'description', value: publisherAnswer(fakeAnswer(description.sdp)) });
      }
      if (description.type === 'answer' && stream.joined && !stream.offerPending) {
        const details = 'setting remote description: invalid proposed signaling state transition';
        return stream.fail(status.UNKNOWN, details);
      }
      if (!stream.joined) return stream.send(joinRefused(`set remote description error: ${NOT_JOINED}`));
      stream.offerPending = false;
    },

    onTrickle(stream, received) {
      if (!stream.joined) return stream.send(error(`trickle error:  ${NOT_JOINED}`));
      if (stage.echoTrickles) stream.send({ $case: 'trickle', value: received });
    },

    onSubscription(stream) {
      if (!stream.joined) return stage.crash('subscription before join');
      stream.send({ $case: 'subscription', value: { success: true } });
    },

    onHalfClose(stream) {
      stream.end();
    },
  };
}

function isOffer({ type, sdp }: SessionDescription): boolean {
  return type === 'offer' && sdp.startsWith('v=0');
}
