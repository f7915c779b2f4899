/**
 * A complete server: tokens, limits, moderation, metrics, rooms that several processes share by Redis, and a planned shutdown.
 * README.md says how to start it.
 */
import { once } from 'node:events';
import express from 'express';
import { createRouter } from 'sfu-relay/express';
import { useServer } from 'sfu-relay/ws';
import { internalApp } from './internal.js';
import { liveTokens } from './live-tokens.js';
import { requireModerator, requireUser } from './login.js';
import { moderation } from './moderation.js';
import { connectRedis } from './redis.js';
import { openRelay } from './relay.js';
import { readSettings } from './settings.js';
import { closeOnSignal } from './shutdown.js';

const settings = readSettings(process.env);
const { port, host, internalPort, loginSecret, liveSecret, allowedOrigins, trustProxy } = settings;
const redis = await connectRedis(settings.redisUrl);
const relay = openRelay(settings, redis);
const http = { trustProxy, ...(allowedOrigins.length > 0 && { allowedOrigins }) };

const app = express();
app.use('/live-token', requireUser(loginSecret), liveTokens(liveSecret));
app.use('/moderation', requireUser(loginSecret), requireModerator, moderation(relay));
app.use('/api/v1/sfu', createRouter(relay, http));

const server = app.listen(port, host);
await once(server, 'listening');
useServer(relay, server, http); // WebSockets on /rtc
const internal = internalApp(relay).listen(internalPort, '127.0.0.1');
await once(internal, 'listening');
console.log('The relay listens on', server.address(), 'and internally on', internal.address());

closeOnSignal(async () => {
  await relay.close({ readinessDelayMs: settings.readinessDelayMs, drainMs: settings.drainMs });
  for (const each of [server, internal]) {
    each.close();
    each.closeAllConnections();
  }
  await redis.close();
});
