import { afterEach, beforeEach, describe } from 'vitest';
import { ContractStage, type Serve } from './contract-stage.js';
import { wsBeside } from './http-transport.js';
import { grantsMatrixSuite } from './suites/grants-matrix.js';
import { viewerOrdersSuite } from './suites/viewer-orders.js';
import { serveUwebsockets } from './uwebsockets-server.js';

const TRANSPORTS: Record<string, Serve> = {
  ws: wsBeside(() => (_request, response) => {
    response.writeHead(404).end();
  }),
  'uWebSockets.js': serveUwebsockets,
};

for (const [name, serve] of Object.entries(TRANSPORTS)) {
  describe(`grants over ${name}`, () => {
    const stage = new ContractStage(serve);
    beforeEach(() => stage.setUp());
    afterEach(() => stage.tearDown());

    grantsMatrixSuite(stage);
    viewerOrdersSuite(stage);
  });
}
