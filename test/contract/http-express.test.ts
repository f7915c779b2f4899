import express from 'express';
import express4 from 'express4';
import { createRouter } from '../../src/adapters/express.js';
import { httpContract } from './http-contract.js';
import { MOUNT } from './http-stage.js';

httpContract('Express 5', (relay, options) =>
  express()
    .use(MOUNT, createRouter(relay, options))
    .use((_request, response) => void response.status(404).send('not the API')),
);

httpContract('Express 4', (relay, options) =>
  express4()
    .use(MOUNT, createRouter(relay, options))
    .use((_request, response) => void response.status(404).send('not the API')),
);
