import { overMemory } from './memory-server.js';
import { resumptionContract } from './resumption-contract.js';

resumptionContract('a socket in memory', async (relay, options) => ({
  connect: overMemory(relay, options),
  stop: async () => {},
}));
