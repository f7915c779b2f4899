import type { ModerationElsewhere } from '../../room/moderation/moderated-room.js';
import type { Room } from '../../room/room.js';
import type { ProcessCalls } from './process-calls.js';
import type { SharedRoom } from './shared-room.js';

/** The log tells the other processes of what a moderator does: they say when it is done. */
export function moderationElsewhere(
  calls: ProcessCalls,
  { id: roomId }: Room,
  shared: SharedRoom,
): ModerationElsewhere {
  return {
    close: (userId, { code, message }) => calls.askAllLiving('close', { roomId, userId, code, message }),
    revise: async (userId) => {
      const revision = shared.revision.value;
      const asked = [...shared.processesOf(userId)].map((processId) =>
        calls.askLiving(processId, 'revise', { roomId, userId, revision }),
      );
      await Promise.all(asked);
    },
    forget: async () => void (await calls.askAll('forget', { roomId })),
  };
}
