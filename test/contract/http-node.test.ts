import { createRouter } from '../../src/adapters/express.js';
import { httpContract } from './http-contract.js';
import { MOUNT } from './http-stage.js';

httpContract('node:http alone', (relay, options) => {
  const router = createRouter(relay, { ...options, prefix: MOUNT });
  return (request, response) =>
    router(request, response, () => {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('not the API');
    });
});
