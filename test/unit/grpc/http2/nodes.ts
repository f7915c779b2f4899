import { afterEach } from 'vitest';
import type { RelayError } from '../../../../src/index.js';
import { Reply, type SessionDescription } from '../../../../src/sfu/ion/gen/rtc.js';
import { IonSfu } from '../../../../src/sfu/ion/ion-sfu.js';
import { type ResolvedSfuOptions, resolveIonOptions } from '../../../../src/sfu/ion/options.js';
import type { SfuStreamListener } from '../../../../src/sfu/sfu.js';
import type { RawHttp2Server, RawPeer } from './raw-http2-server.js';
import { message } from './stage.js';

/** What speaks gRPC: `sfu.client`. */
export const CLIENTS = ['http2', 'grpc-js'] as const;

/** Does something with each connection, also with those that are there already. */
export function onConnect(server: RawHttp2Server, react: (peer: RawPeer, n: number) => void): void {
  let count = 0;
  server.onPeer = (peer) => react(peer, count++);
  for (const peer of server.peers) server.onPeer(peer);
}

/** The nodes of one test. */
export function useNodes() {
  const nodes: IonSfu[] = [];
  afterEach(() => {
    for (const node of nodes.splice(0)) node.close();
  });
  return {
    /** `options` may have values that the relay's own options refuse, such as a short keep-alive. */
    connect(serverUrl: string, options: Partial<ResolvedSfuOptions> = {}): IonSfu {
      const node = new IonSfu({ serverUrl, ...resolveIonOptions({ probeOnStart: false }), ...options });
      nodes.push(node);
      return node;
    },
  };
}

/** What a session hears of its stream. */
export class Heard implements SfuStreamListener {
  readonly joins: string[] = [];
  readonly offers: string[] = [];
  readonly candidates: string[] = [];
  readonly ends: (RelayError | undefined)[] = [];
  onJoined({ sdp }: { sdp: string }): void {
    this.joins.push(sdp);
  }
  onRefused(reason: string): void {
    this.joins.push(`refused: ${reason}`);
  }
  onAnswer(): void {}
  onOffer({ sdp }: { sdp: string }): void {
    this.offers.push(sdp);
  }
  onCandidate(_target: number, init: string): void {
    this.candidates.push(init);
  }
  onSubscribed(): void {}
  onError(): void {}
  onEnd(error: RelayError | undefined): void {
    this.ends.push(error);
  }
}

export const JOIN = { roomId: 'lobby', userId: 'alice', sessionId: '1', sdp: 'v=0', autoSubscribe: true };

/** The SFU's answer to a join. */
export function joined(streamId: number, sdp = 'v=0'): Buffer {
  const description: SessionDescription = { target: 0, type: 'answer', sdp, trackInfos: [] };
  return message(
    streamId,
    Reply.encode({ payload: { $case: 'join', value: { success: true, description } } }).finish(),
  );
}
