import { wsBeside } from './http-transport.js';
import { transportContract } from './transport-contract.js';

transportContract(
  'ws',
  wsBeside(() => (_request, response) => {
    response.writeHead(404).end();
  }),
);
