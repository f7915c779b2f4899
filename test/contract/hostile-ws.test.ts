import { serveWs } from './hostile/ws-server.js';
import { hostileSockets } from './hostile-sockets.js';

hostileSockets('ws', serveWs);
