import { resumptionContract } from './resumption-contract.js';
import { serveUwebsockets } from './uwebsockets-server.js';

resumptionContract('uWebSockets.js', serveUwebsockets);
