import { transportContract } from './transport-contract.js';
import { serveUwebsockets } from './uwebsockets-server.js';

transportContract('uWebSockets.js', serveUwebsockets);
