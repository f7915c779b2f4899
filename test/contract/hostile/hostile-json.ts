import { describe, expect, test } from 'vitest';
import { fakeOffer } from '../../../src/testing/index.js';
import { frame, OPCODE } from '../raw-frames.js';
import { joinParams } from './bystander.js';
import type { Start } from './stage.js';

const DEPTH = 100_000;
const deepList = '['.repeat(DEPTH) + ']'.repeat(DEPTH);
const deepObject = `${'{"a":'.repeat(DEPTH / 4)}1${'}'.repeat(DEPTH / 4)}`;

/** Params in which DEEP stands for something nested a hundred thousand times. */
const places: [method: string, params: string][] = [
  ['join', 'DEEP'],
  ['join', '{"sid":DEEP}'],
  ['join', '{"sid":"lobby","uid":DEEP,"offer":OFFER}'],
  ['join', '{"sid":"lobby","offer":DEEP}'],
  ['join', '{"sid":"lobby","offer":{"type":DEEP}}'],
  ['join', '{"sid":"lobby","offer":{"type":"offer","sdp":DEEP}}'],
  ['join', '{"sid":"lobby","role":DEEP,"offer":OFFER}'],
  ['join', '{"sid":"lobby","metadata":{"x":DEEP},"offer":OFFER}'],
  ['attach', '{"sessionId":DEEP}'],
  ['DEEP', '{}'],
];
const placesOfSession: [method: string, params: string][] = [
  ['offer', '{"desc":DEEP}'],
  ['offer', '{"desc":{"type":"offer","sdp":DEEP}}'],
  ['answer', '{"desc":DEEP}'],
  ['answer', '{"desc":{"type":"answer","sdp":DEEP}}'],
  ['trickle', '{"target":DEEP}'],
  ['trickle', '{"target":0,"candidate":[DEEP]}'],
  ['trickle', '{"target":0,"candidate":{"candidate":DEEP}}'],
  ['trickle', '{"target":0,"candidate":{"candidate":"","sdpMid":DEEP}}'],
  ['subscribe', '{"subscriptions":DEEP}'],
  ['subscribe', '{"subscriptions":[{"trackId":DEEP,"subscribe":true}]}'],
  ['update', '{"metadata":{"x":DEEP}}'],
  ['update', '{"tracks":DEEP}'],
  ['stats', '{"report":DEEP}'],
  ['stats', '{"report":[{"id":"1","type":"outbound-rtp","kind":DEEP}]}'],
  ['stats', '{"report":[{"id":"1","type":"candidate-pair","nominated":true,"currentRoundTripTime":DEEP}]}'],
];

const offer = JSON.stringify({ type: 'offer', sdp: fakeOffer() });

function request(method: string, params: string, deep: string): string {
  const name = method === 'DEEP' ? deep : JSON.stringify(method);
  const filled = params.replace('DEEP', () => deep).replace('OFFER', () => offer);
  return `{"id":1,"method":${name},"params":${filled}}`;
}

/** What pollutes prototypes where objects are merged or copied without care. */
const EVIL =
  '"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"prototype":{"polluted":true},"toString":"x"';

/** JSON that is right as JSON, and meant badly. */
export function hostileJson(start: Start): void {
  describe.each([
    ['lists', deepList],
    ['objects', deepObject],
  ])('nested %s', (_, deep) => {
    test('in the place of a message are refused', async () => {
      const stage = await start();
      const raw = await stage.open();
      raw.send(deep);
      const { error } = await raw.next('the refusal', ({ id }) => id === null);
      expect(error?.data?.code).toBe('ERR_RELAY_INVALID_REQUEST');
      expect((await raw.request('2', 'ping')).result).toEqual({});
    });

    test.each(places)('in a first %s %s are refused', async (method, params) => {
      const stage = await start();
      const raw = await stage.open();
      raw.send(request(method, params, deep));
      const { error } = await raw.next('the refusal', ({ error }) => error !== undefined);
      expect(error?.data?.code).toMatch(/^ERR_RELAY_(INVALID_|FORBIDDEN|SESSION_NOT_FOUND)/);
      expect((await raw.request('2', 'ping')).result).toEqual({});
    });

    test.each(placesOfSession)('in %s %s are refused; the session goes on', async (method, params) => {
      const stage = await start();
      const { raw, stream } = await stage.joined();
      raw.send(request(method, params, deep));
      const { error } = await raw.next('the refusal', ({ error }) => error !== undefined);
      expect(error?.data?.code).toMatch(/^ERR_RELAY_INVALID_/);
      expect((await raw.request('2', 'ping')).result).toEqual({});
      expect(stream.isOpen).toBe(true);
    });

    test('where nobody looks are nothing special', async () => {
      const stage = await start();
      const raw = await stage.open();
      raw.send(`{"id":1,"method":"authenticate","params":{"token":${deep}}}`);
      expect((await raw.next('the answer', ({ id }) => id === 1)).result).toEqual({ userId: null });
      raw.send(`{"id":2,"method":"ping","params":{"x":${deep}}}`);
      expect((await raw.next('the answer', ({ id }) => id === 2)).result).toEqual({});
    });
  });

  test('keys of prototypes pollute nothing, wherever they stand', async () => {
    const stage = await start();
    const raw = await stage.open();
    const sdp = JSON.stringify(
      fakeOffer([{ kind: 'video', streamId: '__proto__', trackId: 'constructor', layers: ['q', 'h'] }]),
    );
    raw.send(
      `{"id":1,"method":"join",${EVIL},"params":{"sid":"__proto__","uid":"constructor",${EVIL},` +
        `"config":{${EVIL}},"metadata":{${EVIL}},"offer":{"type":"offer","sdp":${sdp},${EVIL}}}}`,
    );
    const joined = await raw.next('the answer', ({ id }) => id === 1);
    expect(joined.result).toMatchObject({ roomId: '__proto__', userId: 'constructor' });
    const messages = [
      ['update', `"metadata":{${EVIL}},"tracks":[{"trackId":"constructor","muted":true,${EVIL}}]`],
      ['stats', `"report":[{"id":"__proto__","type":"outbound-rtp","kind":"video","timestamp":1,${EVIL}}]`],
      ['stats', `"report":[{"id":"__proto__","type":"outbound-rtp","kind":"video","timestamp":2,${EVIL}}]`],
      ['subscribe', `"subscriptions":[{"trackId":"__proto__","subscribe":true,${EVIL}}]`],
      ['trickle', `"target":0,"candidate":{"candidate":"",${EVIL}}`],
      ['offer', `"desc":{"type":"offer","sdp":${sdp},${EVIL}}`],
      ['__proto__', EVIL],
      ['toString', EVIL],
    ];
    for (const [i, [method, params]] of messages.entries()) {
      raw.send(`{"id":"m${i}","method":"${method}",${EVIL},"params":{${params},${EVIL}}}`);
      await raw.next(`the answer to ${method}`, ({ id }) => id === `m${i}`);
    }
    const failures = raw.received.flatMap(({ id, error }) => (error ? [[id, error.data?.code]] : []));
    expect(failures).toEqual([
      ['m3', 'ERR_RELAY_INVALID_PARAMS'],
      ['m6', 'ERR_RELAY_METHOD_NOT_FOUND'],
      ['m7', 'ERR_RELAY_METHOD_NOT_FOUND'],
    ]);
    const other = await stage.open();
    const { result } = await other.request('join', 'join', joinParams('bob', { sid: '__proto__' }));
    expect(result?.participants).toMatchObject([
      { userId: 'constructor', tracks: [{ trackId: 'constructor' }] },
    ]);
    for (const value of [{}, [], () => {}, '', 0, new Map()]) {
      expect((value as { polluted?: unknown }).polluted).toBeUndefined();
    }
  });

  test.each([
    ['a binary frame', frame(OPCODE.binary, Buffer.from('{"id":1,"method":"ping"}'))],
    ['an empty binary frame', frame(OPCODE.binary)],
    ['an empty text frame', frame(OPCODE.text)],
    ['a text of zeros', frame(OPCODE.text, Buffer.alloc(1_000))],
    ['half of an object', frame(OPCODE.text, Buffer.from('{"id":1,"method":'))],
    ['a number that JSON has not', frame(OPCODE.text, Buffer.from('{"id":NaN,"method":"ping"}'))],
    ['a number beyond all numbers', frame(OPCODE.text, Buffer.from('{"id":1e999,"method":"ping"}'))],
  ])('%s gets an error, and the connection goes on', async (_, sent) => {
    const stage = await start();
    const { raw, stream } = await stage.joined();
    raw.write(sent);
    const { error } = await raw.next('the refusal', ({ id }) => id === null);
    expect(error?.data?.code).toMatch(/^ERR_RELAY_(PARSE|INVALID_REQUEST)$/);
    expect((await raw.request('2', 'ping')).result).toEqual({});
    expect(stream.isOpen).toBe(true);
  });
}
