import { serveWs } from '../contract/hostile/ws-server.js';
import { idleCrowd } from './idle-crowd.js';

idleCrowd('ws', serveWs);
