import express, { type Express } from 'express';
import { collectDefaultMetrics, register } from 'prom-client';
import { createRouter } from 'sfu-relay/express';
import { collectMetrics } from 'sfu-relay/metrics';
import type { Relay } from './relay.js';

/** For your own network: metrics for Prometheus, and the health with the addresses of the SFU nodes. */
export function internalApp(relay: Relay): Express {
  collectMetrics(relay);
  collectDefaultMetrics();
  const app = express();
  app.get('/metrics', async (_request, response) => {
    response.type(register.contentType).send(await register.metrics());
  });
  app.use('/sfu', createRouter(relay, { healthDetails: 'full' }));
  return app;
}
