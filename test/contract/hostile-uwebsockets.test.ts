import { serveUwebsockets } from './hostile/uwebsockets-server.js';
import { hostileSockets } from './hostile-sockets.js';

hostileSockets('uWebSockets.js', serveUwebsockets);
