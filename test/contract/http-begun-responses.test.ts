import type { RequestListener } from 'node:http';
import express from 'express';
import express4 from 'express4';
import Koa from 'koa';
import Koa2 from 'koa2';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createRouter } from '../../src/adapters/express.js';
import { createMiddleware } from '../../src/adapters/koa.js';
import type { SfuRelay } from '../../src/index.js';
import { fakeOffer } from '../../src/testing/index.js';
import { HttpStage, MOUNT } from './http-stage.js';

type OnError = (error: NodeJS.ErrnoException) => void;
type Serve = (relay: SfuRelay | undefined, onError: OnError) => RequestListener;

/** An application that begins to answer each request with this header, before the relay does. */
const BEGUN = 'x-begun';

function inKoa(Application: typeof Koa): Serve {
  return (relay, onError) =>
    new Application()
      .on('error', onError)
      .use(async (context, next) => {
        if (context.get(BEGUN)) context.res.writeHead(200).write('begun ');
        await next();
      })
      .use(createMiddleware(relay, { prefix: MOUNT }))
      .callback();
}

function inExpress(make: typeof express): Serve {
  return (relay, onError) =>
    make()
      .use((request, response, next) => {
        if (request.headers[BEGUN]) response.writeHead(200).write('begun ');
        next();
      })
      .use(MOUNT, createRouter(relay))
      .use(((error, _request, _response, next) => {
        onError(error);
        next(error);
      }) satisfies express.ErrorRequestHandler)
      // Express writes errors to the console, except in tests.
      .set('env', 'test');
}

const servers: [string, Serve][] = [
  ['Koa 3', inKoa(Koa)],
  ['Koa 2', inKoa(Koa2 as unknown as typeof Koa)],
  ['Express 5', inExpress(express)],
  ['Express 4', inExpress(express4 as unknown as typeof express)],
];

describe.each(servers)('where the application has begun to answer a request for events in %s', (_, serve) => {
  const onError = vi.fn<OnError>();
  const stage = new HttpStage((relay) => serve(relay, onError));
  afterEach(() => stage.tearDown());

  test('it hears of it, the response is cut, and the next stream is served', async () => {
    await stage.setUp();
    await stage.request('POST', '/session', { session_id: 'one', room_id: 'r', sdp: fakeOffer() });
    const headers = { 'sfu-session-token': stage.tokenOf('one'), [BEGUN]: '1' };
    const response = await fetch(`${stage.url}/session/one/events`, { headers });
    await expect(response.text()).rejects.toThrow();
    expect(onError.mock.calls[0]?.[0].code).toBe('ERR_HTTP_HEADERS_SENT');

    const events = await stage.events('one');
    expect(events.response.status).toBe(200);
  });
});

describe('createRouter as the listener of node:http', () => {
  const stage = new HttpStage((relay) => createRouter(relay, { prefix: MOUNT }));
  afterEach(() => stage.tearDown());

  test('answers what is not its own with 404', async () => {
    await stage.setUp();
    const response = await fetch(`http://${stage.origin}/other`);
    expect([response.status, await response.text()]).toEqual([404, 'Not found.']);
    expect((await stage.request('GET', '/health')).status).toBe(200);
  });
});
