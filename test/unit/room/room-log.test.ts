import { expect, test } from 'vitest';
import { MemoryBans } from '../../../src/backplane/ban-store.js';
import { memoryBackplane } from '../../../src/backplane/memory/memory-backplane.js';
import { SharedMemory } from '../../../src/backplane/memory/shared-memory.js';
import { MessageArchive } from '../../../src/messages/archive.js';
import { DEFAULT_PARTICIPANT_POLICY } from '../../../src/room/participants/participant-notifier.js';
import { Rooms } from '../../../src/room/rooms.js';

function rooms() {
  const memory = new SharedMemory();
  const archive = new MessageArchive({ kinds: new Map() });
  const backplane = memoryBackplane({ memory });
  return { memory, rooms: new Rooms(archive, new MemoryBans(), DEFAULT_PARTICIPANT_POLICY, backplane) };
}

test('a room has its log from the first session to the last, and another one when it is made again', async () => {
  const { memory, rooms: all } = rooms();
  const room = all.enter('lobby', false);
  room.log.commit(({ generation }) => ({ node: 'sfu-2:5551', generation: generation + 1 }));
  expect(all.enter('lobby', false).log.state).toEqual({ node: 'sfu-2:5551', generation: 1 });
  all.leave(room);
  expect(memory.roomCount).toBe(1);
  all.leave(room);
  expect(memory.roomCount).toBe(0);
  expect((await room.log.commit(() => ({ node: 'sfu-3:5551' }))).refused?.code).toBe('ERR_RELAY_CLOSED');
  expect(all.enter('lobby', false).log.state).toEqual({ generation: 0 });
});
