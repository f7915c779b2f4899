import { startFaultyProxy } from '../../src/testing/index.js';
import { startUdpProxy } from '../support/udp-proxy.js';

/** How the signalling's socket fares when its user changes the network. */
export type Switch = 'dead socket' | 'half-open socket';

/** What is between one user and the servers: both the signalling and the media pass through it. */
export interface Network {
  readonly signalPort: number;
  /** As candidates and SDP have it: address, a space, port. */
  readonly mediaAddress: string;
  /** The user is in another network from now on: nothing of the old connections and flows arrives any more. */
  switch(kind: Switch): void;
  close(): Promise<void>;
}

/** @param signalPort the relay's @param mediaPort the SFU's */
export async function startNetwork(signalPort: number, mediaPort: number): Promise<Network> {
  const tcp = await startFaultyProxy(`ws://127.0.0.1:${signalPort}`);
  const udp = await startUdpProxy(mediaPort);
  return {
    signalPort: tcp.port,
    mediaAddress: udp.address,
    switch(kind) {
      if (kind === 'dead socket') tcp.cut();
      else tcp.halfOpen();
      udp.dropFlows();
    },
    async close() {
      udp.close();
      await tcp.stop();
    },
  };
}
