import { wsBeside } from './http-transport.js';
import { resumptionContract } from './resumption-contract.js';

resumptionContract(
  'ws',
  wsBeside(() => (_request, response) => {
    response.writeHead(404).end();
  }),
);
