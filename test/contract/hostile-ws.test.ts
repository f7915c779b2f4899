import { pingFlood } from './hostile/ping-flood.js';
import { serveWs, serveWsWithoutPongLimit } from './hostile/ws-server.js';
import { hostileSockets } from './hostile-sockets.js';

hostileSockets('ws', serveWs);
pingFlood('ws without a limit for pongs', serveWsWithoutPongLimit);
