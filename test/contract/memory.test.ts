import { overMemory } from './memory-server.js';
import { transportContract } from './transport-contract.js';

transportContract('a socket in memory', async (relay, options) => ({
  connect: overMemory(relay, options),
  stop: async () => {},
}));
