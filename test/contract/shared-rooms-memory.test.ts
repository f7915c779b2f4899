import type { Backplane } from '../../src/backplane/backplane.js';
import { memoryBackplane } from '../../src/backplane/memory/memory-backplane.js';
import { SharedMemory } from '../../src/backplane/memory/shared-memory.js';
import { lateBackplane } from '../support/late-backplane.js';
import { sharedRoomsContract } from './shared-rooms.js';

function inMemory(open: (memory: SharedMemory, n: number) => Backplane) {
  const memory = new SharedMemory();
  return {
    backplane: (n: number) => open(memory, n),
    lose: (n: number) => memory.lose([...memory.processes.keys()][n] as string),
  };
}

sharedRoomsContract('in memory, at once', () => inMemory((memory) => memoryBackplane({ memory })));
sharedRoomsContract('in memory, over a bad network', () =>
  inMemory((memory, n) => lateBackplane(memory, n + 1)),
);
