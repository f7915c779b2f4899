import { describe } from 'vitest';
import { brokenFrames } from './hostile/broken-frames.js';
import { hostileJson } from './hostile/hostile-json.js';
import { pingFlood } from './hostile/ping-flood.js';
import { sizes } from './hostile/sizes.js';
import { slowReaders } from './hostile/slow-readers.js';
import { type Serve, useStage } from './hostile/stage.js';
import { unfinished } from './hostile/unfinished.js';
import { vanishing } from './hostile/vanishing.js';

/** What no socket may do to the relay, to the SFU, or to another client, whatever comes out of it or does not. */
export function hostileSockets(name: string, serve: Serve): void {
  describe(`hostile and sick sockets over ${name}`, () => {
    const start = useStage(serve);
    unfinished(start);
    vanishing(start);
    sizes(start);
    brokenFrames(start);
    hostileJson(start);
    slowReaders(start);
  });
  pingFlood(name, serve);
}
