import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createHandler } from '../../../../src/adapters/fetch.js';
import { anonymous, type Session, SfuRelay } from '../../../../src/index.js';
import { fakeAnswer, fakeOffer, type ScriptedSfu, startScriptedSfu } from '../../../../src/testing/index.js';

interface ServerEvent {
  id: number;
  method: string;
  // Whatever it says: the tests look into it.
  params: ReturnType<typeof JSON.parse>;
}

/** The complete events of a text, as an EventSource takes them (HTML § 9.2.6). */
function parse(text: string): ServerEvent[] {
  const blocks = text.split('\n\n').slice(0, -1);
  return blocks.flatMap((block) => {
    const id = /^id: (\d+)$/m.exec(block)?.[1];
    const data = /^data: (.*)$/m.exec(block)?.[1];
    return id === undefined || data === undefined ? [] : [{ id: Number(id), ...JSON.parse(data) }];
  });
}

let sfu: ScriptedSfu;
let relay: SfuRelay;
let session: Session;
let handle: (path: string, init?: RequestInit) => Promise<Response>;
let headers: Record<string, string>;

beforeEach(async () => {
  sfu = await startScriptedSfu();
  relay = new SfuRelay({ sfu: { serverUrl: sfu.address, probeOnStart: false }, authenticate: anonymous() });
  const handler = createHandler(relay, { gatherTimeoutMs: 0 });
  handle = (path, init) => handler(new Request(`http://relay.test${path}`, init));
  headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ room_id: 'r', user_id: 'ada', sdp: fakeOffer() });
  const created = await (await handle('/session', { method: 'POST', headers, body })).json();
  headers['sfu-session-token'] = created.data.session_token;
  session = relay.getSession(created.data.session_id) as Session;
});

afterEach(async () => {
  await relay.close();
  await sfu.stop();
});

/** A connection of the event stream, which can be cut. */
async function open(lastEventId?: number) {
  const id = lastEventId === undefined ? {} : { 'last-event-id': String(lastEventId) };
  const response = await handle(`/session/${session.id}/events`, { headers: { ...headers, ...id } });
  expect(response.status).toBe(200);
  const reader = response.body?.getReader() ?? expect.fail();
  let bytes = Buffer.alloc(0);
  const readOn = async () => {
    const { done, value = new Uint8Array() } = await reader.read();
    if (done) throw new Error(`the stream has ended: ${bytes}`);
    bytes = Buffer.concat([bytes, value]);
  };
  return {
    /** Reads until the events are there. */
    async events(has: (events: ServerEvent[]) => boolean): Promise<ServerEvent[]> {
      while (!has(parse(bytes.toString()))) await readOn();
      return parse(bytes.toString());
    },
    /** The events that have arrived completely when the connection breaks after so many of the sent bytes. */
    async cut(after: number): Promise<ServerEvent[]> {
      if (bytes.length === 0) await readOn();
      await reader.cancel();
      return parse(bytes.subarray(0, after).toString());
    },
    get length() {
      return bytes.length;
    },
  };
}

const say = (text: string) => relay.rooms.get('r')?.send({ kind: 'chat', data: { text }, to: 'ada' });
const answer = ({ params }: ServerEvent) =>
  session.answerOffer({ type: 'answer', sdp: fakeAnswer(params.sdp) });
const isOffer = ({ method }: ServerEvent) => method === 'offer';
const isCandidate = ({ method, params }: ServerEvent) => method === 'trickle' && params.target === 1;
const texts = (events: ServerEvent[]) =>
  events.flatMap(({ method, params }) => (method === 'message' ? params.data.text : []));

describe('an event stream', () => {
  test('that is cut after any byte goes on with the event that its client has not got', async () => {
    const first = await open();
    await first.events((events) => events.some(isCandidate));
    for (const text of ['one', 'zwei', '三', '🖖']) await say(text);
    const all = await first.events((events) => texts(events).length === 4);
    await first.cut(first.length);
    const ids = all.map(({ id }) => id);
    expect(ids).toEqual(ids.map((_, index) => index + 1));
    for (let byte = 0; byte <= first.length; byte += 1) {
      const cut = await (await open(0)).cut(byte);
      const rest = await open(cut.at(-1)?.id ?? 0);
      const got = [...cut, ...(await rest.events((events) => cut.length + events.length >= all.length))];
      expect(got, `cut after ${byte} bytes`).toEqual(all);
      await rest.cut(rest.length);
    }
  });

  test('that is cut while more happens loses and doubles nothing', async () => {
    const got: ServerEvent[] = [];
    let said = 0;
    let lastId: number | undefined;
    for (let cuts = 0; cuts < 300; cuts += 1) {
      const stream = await open(lastId);
      await say(`${said++}`);
      // The first stream has its first event: without one it would begin anew.
      const cut = await stream.cut(cuts === 0 ? 2_500 : (cuts * 37) % 400);
      got.push(...cut);
      lastId = cut.at(-1)?.id ?? lastId;
      await say(`${said++}`);
    }
    const last = await open(lastId);
    const texted = () => texts(got).length;
    got.push(...(await last.events((events) => texted() + texts(events).length >= said)));
    expect(texts(got)).toEqual(Array.from({ length: said }, (_, index) => `${index}`));
    expect(got.map(({ id }) => id)).toEqual(got.map((_, index) => index + 1));
    expect(got.filter(({ method }) => method === 'joined')).toHaveLength(1);
  });

  test('that is cut before its first event begins anew, and nothing is lost', async () => {
    const first = await open();
    await first.events((events) => events.some(isCandidate));
    await say('hello');
    await first.events((events) => texts(events).length === 1);
    await first.cut(0);
    await say('still there?');
    const second = await (await open()).events((events) => texts(events).length === 2);
    expect(second.map(({ method }) => method)).toEqual(['joined', 'offer', 'trickle', 'message', 'message']);
    expect(texts(second)).toEqual(['hello', 'still there?']);
    await answer(second.find(isOffer) ?? expect.fail());
    // An offer that was answered is not repeated.
    const third = await (await open()).events((events) => texts(events).length === 2);
    expect(third.map(({ method }) => method)).toEqual(['joined', 'trickle', 'message', 'message']);
  });

  test('with an id that is too old begins with the room as it is, and with what the SFU waits for', async () => {
    const first = await open();
    const [, offer] = await first.events((events) => events.some(isCandidate));
    await first.cut(500);
    const stream = await open(1);
    await say('too old');
    // More than is kept of what was read.
    for (let n = 0; n < 80; n += 1) {
      await say('x'.repeat(1_000));
      await stream.events((events) => texts(events).length === n + 2);
    }
    await stream.cut(0);
    const bob = await relay.createSession({ roomId: 'r', userId: 'bob', sdp: fakeOffer() });
    const events = await (await open(1)).events((got) => got.length > 0);
    expect(events[0]).toMatchObject({ method: 'joined', params: { participants: [{ userId: 'bob' }] } });
    expect(events.slice(1, 3)).toMatchObject([
      { method: 'offer', params: offer?.params },
      { method: 'trickle' },
    ]);
    expect(texts(events).length).toBeGreaterThan(40);
    expect(texts(events)).not.toContain('too old');
    expect(events.map(({ method }) => method)).not.toContain('participants');
    await bob.close();
  });

  test('tells what comes after the room as it is, once', async () => {
    const first = await open();
    await answer((await first.events((events) => events.some(isOffer))).find(isOffer) ?? expect.fail());
    await first.cut(first.length);
    const bob = await relay.createSession({ roomId: 'r', userId: 'bob', sdp: fakeOffer() });
    await relay.rooms.get('r')?.send({ kind: 'chat', data: { text: 'to all' } });
    await say('to ada');
    const [joined, ...rest] = await (await open()).events((got) => texts(got).includes('to ada'));
    expect(joined).toMatchObject({
      method: 'joined',
      params: { participants: [{ userId: 'bob' }], messages: [{ data: { text: 'to all' } }] },
    });
    expect(rest.filter(({ method }) => method !== 'trickle')).toMatchObject([
      { method: 'message', params: { data: { text: 'to ada' } } },
    ]);
    await bob.close();
  });
});
