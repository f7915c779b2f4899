import type { NodeVerdicts } from '../../sfu/pool/node-verdicts.js';
import type { SfuNodeStatus } from '../../sfu/pool/options.js';
import type { PlacedRoom, SendingPeer, Sfu } from '../../sfu/sfu.js';

/** An SFU whose nodes other processes use, too. */
export interface SharedSfu extends Sfu {
  readonly statuses: readonly SfuNodeStatus[];
  readonly verdicts: Pick<NodeVerdicts, 'askOthers' | 'onCutOff'>;
  isNodeDown(serverUrl: string): Promise<boolean | undefined>;
  /** The peers that have sent media to the node of the room, as far as this process knows. */
  sendersOf(room: PlacedRoom): readonly SendingPeer[];
  setElsewhere(streams: ReadonlyMap<string, number>, processes: number): void;
  close(): void;
}
