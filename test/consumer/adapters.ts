import type { TemplatedApp } from 'uWebSockets.js';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import Koa from 'koa';
import { anonymous, SfuRelay } from 'sfu-relay';
import { createRouter } from 'sfu-relay/express';
import { createHandler } from 'sfu-relay/fetch';
import { createMiddleware } from 'sfu-relay/koa';
import { fakeOffer, startScriptedSfu } from 'sfu-relay/testing';
import { makeBehavior } from 'sfu-relay/uwebsockets';

/** uWebSockets.js takes the behaviour as it is. */
export function addRoute(app: TemplatedApp, relay: SfuRelay): TemplatedApp {
  return app.ws('/rtc', makeBehavior(relay, { maxMessageBytes: 64 * 1024 }));
}

async function post(url: string): Promise<number> {
  const body = JSON.stringify({ room_id: 'lobby', user_id: 789, role: 'publisher', sdp: fakeOffer() });
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${url}/api/session`, { method: 'POST', headers, body });
  return ((await response.json()) as { code: number }).code;
}

async function served(listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const code = await post(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  server.close();
  server.closeAllConnections();
  return code;
}

async function main(): Promise<void> {
  const sfu = await startScriptedSfu();
  const relay = new SfuRelay({ sfu: { serverUrl: sfu.address }, authenticate: anonymous() });
  const codes = [
    await served(express().use('/api', createRouter(relay))),
    await served(new Koa().use(createMiddleware(relay, { prefix: '/api' })).callback()),
  ];
  const handler = createHandler(relay, { prefix: '/api', orphanTimeoutMs: 5_000 });
  const health = await handler(new Request('http://localhost/api/health'));
  await relay.close();
  await sfu.stop();
  process.stdout.write(JSON.stringify({ codes, health: health.status }));
}

main().catch((error: unknown) => {
  process.stderr.write(String(error));
  process.exitCode = 1;
});
