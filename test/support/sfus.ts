import { startDevSfu } from '../../src/testing/index.js';
import { startIon } from './ion.js';
import type { Real } from './real.js';

/** An SFU that a suite runs against. */
export interface RunningSfu {
  /** host:port of its gRPC service. */
  readonly address: string;
  stop(): Promise<void>;
}

/** The SFUs that carry media: every browser scenario holds for each of them. */
export const sfus: readonly { name: string; needs: readonly Real[]; start: () => Promise<RunningSfu> }[] = [
  { name: 'the dev SFU', needs: [], start: startDevSfu },
  { name: 'Ion v1.10.0', needs: ['ion'], start: startIon },
];
