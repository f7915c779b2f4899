import { mutateJson, mutateSdp, mutateText } from './mutations.js';
import type { Random } from './random.js';
import { Templates, withCredentials } from './templates.js';

/** What a client knows when it makes up its next message. */
export interface Knowledge {
  joined: boolean;
  /** The SFU's offer that waits for an answer. */
  pendingOffer: string | undefined;
  /** Tracks of the others, with a layer where there are some. */
  others: readonly { trackId: string; layer?: string }[];
}

export interface Message {
  text: string;
  /** The id of the response to wait for. */
  id?: number;
  method: string;
}

type Maker = (knowledge: Knowledge) => { method: string; params?: unknown; notify?: boolean };
type Menu = readonly (readonly [weight: number, make: Maker])[];

const CANDIDATE =
  'candidate:1467250027 1 udp 2122260223 127.0.0.1 46243 typ srflx raddr 10.0.0.1 rport 5000 generation 0 ufrag abcd network-id 1';

const RAW = [
  '',
  'null',
  '[]',
  '"join"',
  '{',
  '{"id":1}',
  '[{"id":1,"method":"ping"}]',
  '{"method":7}',
  '{"id":{},"method":"ping"}',
  '{"id":1e999,"method":"ping"}',
  '{"jsonrpc":"1.0","id":1,"method":"ping"}',
  '{"id":1,"method":"constructor"}',
  '{"id":1,"method":"__proto__","params":{}}',
  '{"id":1,"method":"join","params":{"__proto__":{"sid":"x"}}}',
  '{"id":1,"method":"join","params":[1]}',
  `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
  `{"id":1,"method":"trickle","params":{"candidate":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}}}`,
  '\u0000',
  '\ufeff{"id":1,"method":"ping"}',
] as const;

/** A client's messages: right ones, damaged ones, and any at the wrong time. */
export class Messages {
  readonly #random: Random;
  readonly #room: string;
  readonly #user: string;
  readonly #templates: Templates;
  readonly #outside: Menu;
  readonly #inside: Menu;
  #generation = 0;
  #id = 0;

  constructor(random: Random, client: string, rooms: number) {
    this.#random = random;
    this.#room = `room ${random.below(rooms)}`;
    this.#user = random.chance(0.3) ? 'twin' : `user ${client}`;
    this.#templates = new Templates(client);
    const { outside, inside } = this.#menus();
    this.#outside = outside;
    this.#inside = inside;
  }

  next(knowledge: Knowledge): Message {
    const random = this.#random;
    if (random.chance(0.04)) return { text: random.pick(RAW), method: 'raw' };
    const { method, params, notify } = this.#choose(knowledge.joined ? this.#inside : this.#outside)(
      knowledge,
    );
    this.#id += 1;
    const message = {
      jsonrpc: '2.0',
      ...(!notify && { id: this.#id }),
      method,
      ...(params !== undefined && { params }),
    };
    if (random.chance(0.05))
      return { text: JSON.stringify(mutateJson(message, random)) ?? 'undefined', method };
    const text = JSON.stringify(message);
    if (random.chance(0.01)) return { text: mutateText(text, random), method };
    return notify ? { text, method } : { text, method, id: this.#id };
  }

  #choose(menu: Menu): Maker {
    let rest = this.#random.next() * menu.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, make] of menu) {
      rest -= weight;
      if (rest < 0) return make;
    }
    return () => ({ method: 'ping' });
  }

  #menus(): { outside: Menu; inside: Menu } {
    const random = this.#random;
    const offer = () => random.pick(this.#templates.offers);
    const damaged = () => mutateSdp(offer(), random);
    const description = (type: string, sdp: string) => ({ desc: { type, sdp } });
    const join = (sdp: string) => ({
      sid: this.#room,
      uid: this.#user,
      offer: { type: 'offer', sdp },
      ...(random.chance(0.2) && { role: random.pick(['publisher', 'subscriber']) }),
      ...(random.chance(0.2) && {
        config: {
          [random.pick(['NoPublish', 'NoSubscribe', 'NoAutoSubscribe'])]: random.pick(['true', true, 1]),
        },
      }),
      ...(random.chance(0.2) && { metadata: { name: 'x'.repeat(random.below(5_000)) } }),
    });
    const answer = ({ pendingOffer }: Knowledge) =>
      random.pick(this.#templates.answers(pendingOffer ?? offer()));
    const trickle = () => ({
      target: random.below(2),
      candidate: { candidate: CANDIDATE, sdpMid: '0', sdpMLineIndex: 0, usernameFragment: null },
    });
    const subscriptions = ({ others }: Knowledge) => ({
      subscriptions: Array.from({ length: random.below(4) }, () => ({
        ...(others.length > 0 ? random.pick(others) : { trackId: 'none' }),
        subscribe: random.chance(0.6),
      })),
    });
    const update = () => ({
      metadata: { a: random.below(10) },
      ...(random.chance(0.3) && { tracks: [{ trackId: 'camera', muted: random.chance(0.5) }] }),
    });
    const stats = () => ({
      report: [
        {
          id: 'o',
          type: 'outbound-rtp',
          kind: 'video',
          timestamp: random.below(1e6),
          bytesSent: random.below(1e6),
        },
      ],
    });
    const mutated = (method: string, params: (knowledge: Knowledge) => unknown): Maker => {
      return (knowledge) => ({ method, params: mutateJson(params(knowledge), random) });
    };
    const shared: Menu = [
      [2, () => ({ method: 'ping' })],
      [1, () => ({ method: 'authenticate', params: { token: 'x' } })],
      [1, () => ({ method: random.pick(['fly', '', '__proto__', 'toString', 'TRICKLE']), params: {} })],
    ];
    return {
      outside: [
        ...shared,
        [40, () => ({ method: 'join', params: join(offer()) })],
        [20, () => ({ method: 'join', params: join(damaged()) })],
        [8, mutated('join', () => join(offer()))],
        [6, () => ({ method: 'trickle', params: trickle(), notify: true })],
        [2, mutated('trickle', trickle)],
        [3, () => ({ method: 'offer', params: description('offer', offer()) })],
        [
          3,
          (knowledge) => ({
            method: 'answer',
            params: description('answer', answer(knowledge)),
            notify: true,
          }),
        ],
        [3, (knowledge) => ({ method: 'subscribe', params: subscriptions(knowledge) })],
        [2, () => ({ method: 'update', params: update() })],
        [2, () => ({ method: 'stats', params: stats() })],
        [2, () => ({ method: 'leave' })],
      ],
      inside: [
        ...shared,
        [12, () => ({ method: 'trickle', params: trickle(), notify: true })],
        [12, () => ({ method: 'trickle', params: damagedCandidate(trickle(), random), notify: true })],
        [8, mutated('trickle', trickle)],
        [10, () => ({ method: 'offer', params: description('offer', this.#current(offer())) })],
        [1, () => ({ method: 'offer', params: description('offer', this.#restarted(offer())) })],
        [16, () => ({ method: 'offer', params: description('offer', this.#current(damaged())) })],
        [4, mutated('offer', () => description('offer', this.#current(offer())))],
        [
          8,
          ({ pendingOffer, ...rest }) =>
            pendingOffer
              ? {
                  method: 'answer',
                  params: description('answer', answer({ pendingOffer, ...rest })),
                  notify: true,
                }
              : { method: 'ping' },
        ],
        [
          8,
          (knowledge) =>
            knowledge.pendingOffer || random.chance(0.2)
              ? {
                  method: 'answer',
                  params: description('answer', mutateSdp(answer(knowledge), random)),
                  notify: true,
                }
              : { method: 'trickle', params: trickle(), notify: true },
        ],
        [2, mutated('answer', (knowledge) => description('answer', answer(knowledge)))],
        [6, (knowledge) => ({ method: 'subscribe', params: subscriptions(knowledge) })],
        [5, mutated('subscribe', subscriptions)],
        [3, () => ({ method: 'update', params: update() })],
        [3, mutated('update', update)],
        [2, () => ({ method: 'stats', params: stats() })],
        [4, mutated('stats', stats)],
        [2, () => ({ method: 'join', params: join(offer()) })],
        [1, () => ({ method: 'leave' })],
      ],
    };
  }

  #current(sdp: string): string {
    return this.#generation === 0 ? sdp : withCredentials(sdp, this.#generation);
  }

  #restarted(sdp: string): string {
    this.#generation += 1;
    return this.#current(sdp);
  }
}

function damagedCandidate<T extends { candidate: { candidate: string } }>(params: T, random: Random): T {
  const candidate = { ...params.candidate, candidate: mutateText(params.candidate.candidate, random) };
  return { ...params, candidate };
}
