// @ts-check
/** The relay for production, behind one proxy with TLS: docs/PRODUCTION.md. */
import { createServer } from 'node:http';
import express from 'express';
import { collectDefaultMetrics, register } from 'prom-client';
import { createClient } from 'redis';
import { dnsSrv, SfuRelay, turnRest } from 'sfu-relay';
import { jwt } from 'sfu-relay/auth';
import { createRouter } from 'sfu-relay/express';
import { rateLimits } from 'sfu-relay/limits';
import { collectMetrics } from 'sfu-relay/metrics';
import { redisBackplane } from 'sfu-relay/redis';
import { useServer } from 'sfu-relay/ws';

const { env } = process;
const secondsOf = (/** @type {string | undefined} */ text, /** @type {number} */ otherwise) =>
  Number(text ?? otherwise) * 1_000;

// 1. What several relays share. Without a listener of `error`, a lost connection would end the process.
const redis = env.REDIS_URL ? createClient({ url: env.REDIS_URL }) : undefined;
redis?.on('error', (error) => console.error('Redis:', error.message));
await redis?.connect();

// 2. The relay. `clusterNodes` may be one node; all relays have the same ones.
const relay = new SfuRelay({
  sfu: {
    mode: 'cluster',
    clusterNodes: env.SFU_SRV ? dnsSrv(env.SFU_SRV) : (env.SFU_NODES ?? '127.0.0.1:5551').split(','),
    keepaliveTimeMs: 10_000, // ops/ion allows that; a bare Ion disconnects for it
  },
  authenticate: jwt({ secret: env.LIVE_SECRET, audience: 'live' }),
  rateLimiter: rateLimits(),
  ...(redis && { backplane: redisBackplane({ client: redis }) }),
  ...(env.TURN_SECRET && {
    iceServers: turnRest({ secret: env.TURN_SECRET, uris: (env.TURN_URIS ?? '').split(',') }),
  }),
});

// 3. The public port, behind one proxy: WebSockets on /rtc, the REST API with the health checks, and the page.
const transport = {
  trustProxy: Number(env.TRUST_PROXY ?? 1),
  ...(env.ALLOWED_ORIGINS && { allowedOrigins: env.ALLOWED_ORIGINS.split(',') }),
};
const app = express().disable('x-powered-by');
app.use('/api/v1/sfu', createRouter(relay, transport));
app.use('/sfu-relay', express.static('node_modules/sfu-relay/dist'));
app.use(express.static('public'));
const server = createServer(app);
useServer(relay, server, transport);
server.listen(Number(env.PORT ?? 8080), env.HOST ?? '127.0.0.1', 4_096, () =>
  console.log('The relay listens on', server.address()),
);

// 4. The private port, for Prometheus.
collectMetrics(relay);
collectDefaultMetrics();
const metrics = createServer(async (_request, response) => {
  response.setHeader('content-type', register.contentType).end(await register.metrics());
});
metrics.listen(Number(env.METRICS_PORT ?? 9464), env.METRICS_HOST ?? '127.0.0.1');

// 5. A planned stop. The health check fails first, so that the proxy sends new clients elsewhere; then nobody can connect
// any more, and the clients are sent away one after the other.
process.once('SIGTERM', async () => {
  const readinessDelayMs = secondsOf(env.READINESS_DELAY_SECONDS, 10);
  setTimeout(() => server.close(), readinessDelayMs);
  await relay.close({ readinessDelayMs, drainMs: secondsOf(env.DRAIN_SECONDS, 20) });
  process.exit();
});
