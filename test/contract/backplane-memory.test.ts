import { afterEach, vi } from 'vitest';
import { memoryBackplane } from '../../src/backplane/memory/memory-backplane.js';
import { SharedMemory } from '../../src/backplane/memory/shared-memory.js';
import { backplaneContract } from './backplane.js';

afterEach(() => {
  vi.useRealTimers();
});

backplaneContract('in memory', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const memory = new SharedMemory();
  return {
    process: () => memoryBackplane({ memory }),
    later: (ms) => void vi.advanceTimersByTime(ms),
  };
});
