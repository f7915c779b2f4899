import type { Request } from '../../src/testing/index.js';
import type { WireMessage } from '../support/client-connection.js';
import { RoomView } from './room-view.js';
import type { Owed } from './world.js';

const DESCRIBING: ReadonlySet<string> = new Set(['participants', 'tracks', 'message', 'room']);
/** The SFU's own first candidates have smaller ports. */
const FIRST_PORT = 10_000;

/** What has come at the SFU: generations of offers, ports of candidates, how many answers. */
interface Arrived {
  offers: number[];
  ports: number[];
  answers: number;
}

/** What both sides of a session have sent, and what the other side has processed. */
export class Account {
  /** Faults that show at once, and those of the end. */
  readonly found: string[] = [];
  /** Of Alice: messages, generations of offers, ports of candidates. */
  readonly said: unknown[] = [];
  readonly offered: number[] = [];
  readonly trickled: number[] = [];
  /** How many messages of Alice are refused without a response. */
  refusals = 0;
  /** Of the SFU: ports of candidates, track ids of offers. */
  readonly sfuTrickled: number[] = [];
  readonly sfuOffered: string[] = [];
  /** What the relay has got of `said`, and what it owes to Alice. */
  heard: readonly unknown[] = [];
  owed: readonly Owed[] = [];
  /** Alice's counted frames, and Bob's. */
  log: readonly WireMessage[] = [];
  bob: readonly WireMessage[] = [];
  /** The other participants, as they are. */
  room: readonly object[] = [];
  #joined: Record<string, unknown> = {};
  #sfuHas: Arrived = { offers: [], ports: [], answers: 0 };

  joined(result: Record<string, unknown>): void {
    this.#joined = result;
  }

  answered(method: string, code: string | undefined, refusal: string | undefined): void {
    if (code !== refusal) this.found.push(`${method}: ${code ?? 'accepted'}, not ${refusal ?? 'accepted'}`);
  }

  atTheSfu(received: readonly Request[]): void {
    const has: Arrived = { offers: [], ports: [], answers: 0 };
    for (const { payload } of received) {
      if (payload?.$case === 'trickle') has.ports.push(...portsOf(payload.value.init));
      if (payload?.$case !== 'description') continue;
      if (payload.value.type === 'answer') has.answers += 1;
      else has.offers.push(Number(/ice-ufrag:ufrg(\d+)/.exec(payload.value.sdp)?.[1]));
    }
    this.#sfuHas = has;
  }

  /** What differs. */
  faults(): string[] {
    const offers = this.#heard('offer').map(({ sdp }) => /a=msid:\S+ (sfu-\d+)/.exec(String(sdp))?.[1]);
    const ports = this.#heard('trickle').flatMap(({ candidate }) => portsOf(JSON.stringify(candidate)));
    return [
      ...differences('messages of alice at the relay', this.said, this.heard),
      ...differences('messages of alice at bob', this.said, messagesOf('alice', this.bob)),
      ...differences('offers of alice at the SFU', this.offered, this.#sfuHas.offers),
      ...differences('candidates of alice at the SFU', this.trickled, this.#sfuHas.ports),
      ...differences('offers of the SFU', [undefined, ...this.sfuOffered], offers),
      ...differences('answers at the SFU', [offers.length], [this.#sfuHas.answers]),
      ...differences('candidates of the SFU', this.sfuTrickled, ports),
      ...differences('refusals', [this.refusals], [this.log.filter(({ id }) => id === null).length]),
      ...this.#repeatedResponses(),
      ...this.#describing(),
    ];
  }

  #heard(method: string): Record<string, unknown>[] {
    return this.log.flatMap((message) => (message.method === method ? [message.params ?? {}] : []));
  }

  #repeatedResponses(): string[] {
    const ids = this.log.flatMap(({ id }) => (id === undefined || id === null ? [] : [id]));
    return ids.length === new Set(ids).size ? [] : [`responses came twice: ${ids}`];
  }

  /** What describes the room has all come, in its order; a snapshot may stand for some of it. */
  #describing(): string[] {
    const since = this.#joined.revision as number;
    const isNew = ({ method, params }: Owed) =>
      method === 'message' || method === 'room' || (params.revision as number) > since;
    const owed = this.owed.filter(isNew);
    const come = this.log.flatMap(({ method = '', params = {} }) =>
      DESCRIBING.has(method) ? [{ method, params }] : [],
    );
    const hasSnapshot = this.#heard('snapshot').length > 0;
    const faults = hasSnapshot
      ? surplus('notifications', owed, come)
      : differences('notifications', owed, come);
    return [...faults, ...this.#missingChat(owed), ...this.#room()];
  }

  /** Chat is in the history of a snapshot. */
  #missingChat(owed: readonly Owed[]): string[] {
    const inSnapshots = this.#heard('snapshot').flatMap(({ messages }) => messages as { id: string }[]);
    const known = new Set([...inSnapshots, ...this.#heard('message')].map(({ id }) => id));
    const missing = owed.filter(({ params: { kind, id } }) => kind === 'chat' && !known.has(id as string));
    return missing.map(({ params }) => `the chat message ${JSON.stringify(params)} has not come`);
  }

  /** The room as Alice sees it. */
  #room(): string[] {
    const view = new RoomView(String(this.#joined.sessionId));
    view.reset(this.#joined);
    for (const { method = '', params = {} } of this.log) {
      if (method === 'snapshot') view.reset(params);
      else view.apply(method, params);
    }
    const isSo = new RoomView('');
    isSo.reset({ revision: 0, participants: this.room });
    return differences('participants', isSo.people, view.people);
  }
}

/** Chat and gifts of a user, as data. */
function messagesOf(userId: string, log: readonly WireMessage[]): unknown[] {
  return log.flatMap(({ method, params }) =>
    method === 'message' && (params?.from as { userId: string } | undefined)?.userId === userId
      ? [params?.data]
      : [],
  );
}

/** The port of a candidate; none of those that the relay and the SFU send by themselves. */
function portsOf(init: string): number[] {
  const port = Number(/ 127\.0\.0\.1 (\d+) /.exec(init)?.[1]);
  return port >= FIRST_PORT ? [port] : [];
}

/** The first difference of two lists. */
function differences(what: string, sent: readonly unknown[], come: readonly unknown[]): string[] {
  const length = Math.max(sent.length, come.length);
  for (let n = 0; n < length; n += 1) {
    const [one, other] = [JSON.stringify(sent[n]), JSON.stringify(come[n])];
    if (one !== other || n >= sent.length || n >= come.length)
      return [`${what}: number ${n + 1} of ${sent.length} is ${one}, and ${other} of ${come.length} came`];
  }
  return [];
}

/** What has come and was not sent, or in another order. */
function surplus(what: string, sent: readonly unknown[], come: readonly unknown[]): string[] {
  const texts = sent.map((each) => JSON.stringify(each));
  let at = 0;
  for (const each of come) {
    const found = texts.indexOf(JSON.stringify(each), at);
    if (found < 0) return [`${what}: ${JSON.stringify(each)} came twice, or too late, or was never sent`];
    at = found + 1;
  }
  return [];
}
