import type { JoinResult } from '../../protocol/messages.js';
import { mediaLost } from '../common/errors.js';
import type { Emit } from '../common/events.js';
import { isAlive } from '../media/liveness.js';
import type { Lifecycle } from './lifecycle.js';
import { takeSnapshot } from './snapshot.js';

/**
 * The session continues on another connection.
 * @param notify applies a notification of the relay
 * @returns called when the missed messages have arrived
 */
export function resumed(
  lifecycle: Lifecycle,
  snapshot: JoinResult | undefined,
  notify: (method: string, params: unknown) => void,
  emit: Emit,
): () => void {
  lifecycle.watch();
  const settle = snapshot && takeSnapshot(snapshot, lifecycle, notify, emit);
  return () => {
    settle?.();
    const { session } = lifecycle;
    if (!session || session.isLost) return;
    const restore = () => lifecycle.restoreMedia(session, mediaLost('publisher'));
    if (!session.revive()) return restore();
    const { upstream, downstream, remoteTracks } = session;
    const receiving = downstream ? [downstream.pc] : [];
    const receives = remoteTracks.list.some(({ track }) => !track.muted);
    const used = [...(upstream.sending().length > 0 ? [upstream.pc] : []), ...(receives ? receiving : [])];
    isAlive(used, receiving).then(
      (alive) => alive || session.isLost || restore(),
      () => {},
    );
  };
}
