import type { Principal } from '../access/authentication.js';
import { IonSfu } from '../sfu/ion/ion-sfu.js';
import type { SfuNodeStatus } from '../sfu/pool/options.js';
import type { RoomMove } from '../sfu/pool/placements.js';
import { SfuPool } from '../sfu/pool/sfu-pool.js';
import type { PlacedRoom } from '../sfu/sfu.js';
import type { ResolvedOptions } from './options.js';

/** The relay of the SFU. */
interface SfuOwner {
  isClosing(): boolean;
  /** The rooms of this process. */
  rooms(): Iterable<PlacedRoom>;
  emit(name: 'nodedown', event: { node: SfuNodeStatus }): unknown;
  emit(name: 'nodeup', event: { node: SfuNodeStatus; downMs: number }): unknown;
  emit(name: 'roommoved', event: RoomMove): unknown;
}

/** The nodes of the option `sfu`, each an Ion SFU. */
export function openSfu<P extends Principal>(options: ResolvedOptions<P>, owner: SfuOwner): SfuPool {
  const { logger, counters } = options;
  const pool: SfuPool = new SfuPool(options.sfu, {
    logger,
    makeServer: (node, { watch, onDown, onUp }) =>
      new IonSfu(node, {
        ...{ logger, watch, onDown, onUp },
        probeTimeoutMs: options.healthTimeoutMs,
        joinTimeoutMs: options.joinTimeoutMs,
        isClosing: owner.isClosing,
        onSender: (roomId) => pool.onSender?.(roomId),
        onAbandonedPeer: (outcome) => counters.abandonedPeers.add(outcome),
      }),
    rooms: owner.rooms,
    onNodeDown(node) {
      counters.nodeFailures.add();
      owner.emit('nodedown', { node });
    },
    onNodeUp: (node, downMs) => owner.emit('nodeup', { node, downMs }),
    onRoomMoved(move) {
      const { roomId, from, to, generation, reason } = move;
      const what = from === to ? 'The room is placed anew on its SFU node' : 'The room has another SFU node';
      logger.info({ roomId, from, to, generation, reason }, what);
      owner.emit('roommoved', move);
    },
  });
  return pool;
}
