import type { NodeVerdicts } from '../../sfu/pool/node-verdicts.js';
import type { SfuNodeStatus } from '../../sfu/pool/options.js';
import type { Sfu } from '../../sfu/sfu.js';

/** An SFU whose nodes other processes use, too. */
export interface SharedSfu extends Sfu {
  readonly statuses: readonly SfuNodeStatus[];
  readonly verdicts: Pick<NodeVerdicts, 'askOthers' | 'onCutOff'>;
  isNodeDown(serverUrl: string): Promise<boolean | undefined>;
  setElsewhere(streams: ReadonlyMap<string, number>, processes: number): void;
  close(): void;
}
