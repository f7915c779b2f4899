import type { IncomingMessage, Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { createHandler } from '../../src/adapters/fetch.js';
import { httpContract } from './http-contract.js';
import { MOUNT } from './http-stage.js';

httpContract('Hono, by fetch', (relay, options) => {
  const handler = createHandler(relay, { ...options, prefix: MOUNT });
  const app = new Hono<{ Bindings: { incoming: IncomingMessage } }>();
  app.all(`${MOUNT}/somewhere/*`, (context) => context.text('not the API', 404));
  app.all(`${MOUNT}/*`, (context) =>
    handler(context.req.raw, { remoteAddress: context.env.incoming.socket.remoteAddress }),
  );
  return createAdaptorServer({ fetch: app.fetch }) as Server;
});
