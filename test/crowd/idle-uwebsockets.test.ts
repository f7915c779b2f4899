import { serveUwebsockets } from '../contract/hostile/uwebsockets-server.js';
import { idleCrowd } from './idle-crowd.js';

idleCrowd('uWebSockets.js', serveUwebsockets);
