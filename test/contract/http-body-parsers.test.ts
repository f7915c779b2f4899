import type { RequestListener } from 'node:http';
import express from 'express';
import express4 from 'express4';
import Koa from 'koa';
import mount from 'koa-mount';
import { afterEach, describe, expect, test } from 'vitest';
import { createRouter } from '../../src/adapters/express.js';
import { createMiddleware } from '../../src/adapters/koa.js';
import type { SfuRelay } from '../../src/index.js';
import { fakeOffer } from '../../src/testing/index.js';
import { HttpStage, MOUNT } from './http-stage.js';

/** Reads a body as Koa's parsers do, and puts it where they put it. */
const koaParser: Koa.Middleware = async (context, next) => {
  const chunks: Buffer[] = [];
  for await (const chunk of context.req) chunks.push(chunk);
  Object.assign(context.request, { body: JSON.parse(Buffer.concat(chunks).toString()) });
  await next();
};

const servers: [string, (relay: SfuRelay | undefined) => RequestListener][] = [
  ['express.json()', (relay) => express().use(express.json(), nested(createRouter(relay)))],
  ['express.text()', (relay) => express().use(express.text({ type: '*/*' }), nested(createRouter(relay)))],
  ['express.raw()', (relay) => express().use(express.raw({ type: '*/*' }), nested(createRouter(relay)))],
  [
    'parsers of Express 4 that leave the body to others',
    (relay) => express4().use(express4.urlencoded({ extended: false }), nested(createRouter(relay))),
  ],
  ['a parser of Koa', (relay) => new Koa().use(koaParser).use(mounted(relay)).callback()],
  ['koa-mount', (relay) => new Koa().use(mounted(relay)).callback()],
];

function nested(router: ReturnType<typeof createRouter>) {
  return express.Router().use(MOUNT, router);
}

function mounted(relay: SfuRelay | undefined): Koa.Middleware {
  return mount(MOUNT, createMiddleware(relay) as Koa.Middleware);
}

describe.each(servers)('behind %s', (_, makeListener) => {
  const stage = new HttpStage(makeListener);
  afterEach(() => stage.tearDown());

  test('a session is created', async () => {
    await stage.setUp();
    const body = { session_id: 'one', room_id: 'r', user_id: 7, sdp: fakeOffer() };
    expect((await stage.request('POST', '/session', body)).body).toMatchObject({ code: 0 });
    expect(stage.relay.getSession('one')?.userId).toBe('7');
  });

  test('a request is executed once for its Idempotency-Key and its body', async () => {
    await stage.setUp();
    const create = (roomId: string) =>
      stage.request(
        'POST',
        '/session',
        { room_id: roomId, user_id: 7, sdp: fakeOffer() },
        { headers: { 'idempotency-key': '"one"' } },
      );
    const first = await create('r');
    expect((await create('r')).body).toEqual(first.body);
    expect((await create('other')).status).toBe(422);
    expect(stage.sfu.totalStreams).toBe(1);
  });

  test('a form or a text of a foreign page is refused, also where the parser has read it', async () => {
    await stage.setUp();
    const body = JSON.stringify({ session_id: 'one', room_id: 'r', user_id: 7, sdp: fakeOffer() });
    for (const type of ['text/plain', 'application/x-www-form-urlencoded']) {
      const { status } = await stage.request('POST', '/session', body, { headers: { 'content-type': type } });
      expect(status).toBe(415);
    }
    expect(stage.relay.sessions.size).toBe(0);
  });
});
