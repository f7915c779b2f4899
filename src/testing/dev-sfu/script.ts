import { status } from '@grpc/grpc-js';
import type { JoinRequest } from '../../sfu/ion/gen/rtc.js';
import type { Script } from '../scripted/ion-script.js';
import { error, joinRefused, NOT_JOINED } from '../scripted/replies.js';
import type { ScriptedStream } from '../scripted/scripted-stream.js';
import type { Connections } from './connections.js';
import { DevRoom } from './dev-room.js';
import type { DevSfuLogger } from './options.js';
import { DevPeer } from './peer.js';

/** The script of a development SFU, with its peers and rooms. */
export interface DevScript extends Script {
  readonly peers: ReadonlyMap<ScriptedStream, DevPeer>;
  readonly rooms: ReadonlyMap<string, DevRoom>;
}

export function devScript(connections: Connections, logger: DevSfuLogger): DevScript {
  const peers = new Map<ScriptedStream, DevPeer>();
  const rooms = new Map<string, DevRoom>();
  const inOrder = sequencer();

  /** Processes a message. If that fails, the stream ends as with Ion, and the peer leaves. */
  function attempt(
    stream: ScriptedStream,
    code: status,
    action: string,
    task: () => Promise<void>,
  ): Promise<void> {
    return inOrder(stream, task).catch((cause: unknown) => {
      logger.warn({ uid: stream.uid, error: cause }, action);
      stream.fail(code, `${action}: ${cause instanceof Error ? cause.message : String(cause)}`);
    });
  }

  function admit(stream: ScriptedStream, join: JoinRequest): DevPeer {
    const room = rooms.get(join.sid) ?? new DevRoom();
    rooms.set(join.sid, room);
    const peer = new DevPeer(stream, join, room, connections, logger);
    peers.set(stream, peer);
    void stream.ended.then(async () => {
      peers.delete(stream);
      if (![...peers.values()].some((other) => other.room === room)) rooms.delete(join.sid);
      await peer.close();
    });
    return peer;
  }

  return {
    peers,
    rooms,

    onJoin(stream, join) {
      const { description } = join;
      if (stream.joined)
        return stream.send(joinRefused('join error: rtc transport already exists for this connection'));
      if (description?.type !== 'offer') return stream.fail(status.INTERNAL, 'answer error: no offer');
      Object.assign(stream, { sid: join.sid, uid: join.uid, joined: true });
      const peer = admit(stream, join);
      return attempt(stream, status.INTERNAL, 'answer error', () => peer.join(description.sdp));
    },

    onDescription(stream, { type, sdp }) {
      const peer = peers.get(stream);
      if (peer === undefined) return stream.fail(status.INTERNAL, `answer error: ${NOT_JOINED}`);
      if (type === 'offer')
        return attempt(stream, status.INTERNAL, 'answer error', () => peer.renegotiate(sdp));
      return attempt(stream, status.UNKNOWN, 'setting remote description', () => peer.answer(sdp));
    },

    onTrickle(stream, { target, init }) {
      const peer = peers.get(stream);
      if (peer === undefined) return stream.send(error(`trickle error:  ${NOT_JOINED}`));
      const candidate = candidateOf(init);
      if (candidate === undefined) return stream.send(error('unmarshal ice candidate error'));
      return inOrder(stream, () => peer.trickle(target, candidate)).catch((cause: unknown) =>
        logger.warn({ uid: stream.uid, error: cause }, 'ignored an ICE candidate'),
      );
    },

    onSubscription(stream, { subscriptions }) {
      const peer = peers.get(stream);
      if (peer === undefined) return stream.send(error(NOT_JOINED));
      peer.subscribe(subscriptions);
      stream.send({ $case: 'subscription', value: { success: true } });
    },

    onHalfClose(stream) {
      stream.end();
    },
  };
}

/** Runs the tasks of each key in order. */
function sequencer(): (key: object, task: () => Promise<void>) => Promise<void> {
  const tails = new WeakMap<object, Promise<void>>();
  return (key, task) => {
    const result = (tails.get(key) ?? Promise.resolve()).then(task);
    tails.set(
      key,
      result.catch(() => {}),
    );
    return result;
  };
}

/** The `candidate` of an RTCIceCandidateInit's JSON. */
function candidateOf(init: string): string | undefined {
  try {
    const value: unknown = JSON.parse(init);
    if (typeof value !== 'object' || value === null) return undefined;
    return 'candidate' in value && typeof value.candidate === 'string' ? value.candidate : '';
  } catch {
    return undefined;
  }
}
