import { checkOptions } from '../../util/check-options.js';
import { startScriptedSfu } from '../scripted/scripted-sfu.js';
import { connections, loadWerift } from './connections.js';
import { DEV_SFU_KEYS, type DevSfuOptions } from './options.js';
import { devScript } from './script.js';

/**
 * An SFU for development, in this process: see {@link startDevSfu}.
 * @category Testing
 */
export interface DevSfu {
  /** `host:port` of gRPC. */
  readonly address: string;
  readonly port: number;
  /** The number of joined peers. */
  readonly peers: number;
  /** The number of rooms with peers. */
  readonly rooms: number;
  /** Closes all connections and frees the ports. */
  stop(): Promise<void>;
}

/**
 * Starts an SFU with media for development and tests on one machine: the service `rtc.RTC` of Ion v1.10.0, on werift. It forwards VP8
 * and Opus with the publisher's stream and track ids. It supports the data channel `ion-sfu` and reports audio levels there. It
 * receives one layer of simulcast. Unlike Ion, it survives malformed messages and isolates rooms. Not for production.
 *
 * ```ts
 * const sfu = await startDevSfu();
 * const relay = new SfuRelay({ sfu: { serverUrl: sfu.address }, authenticate });
 * ```
 * @throws RelayError `ERR_RELAY_CONFIG`, also if werift, an optional peer dependency, is not installed; Error if the port is in use
 * @category Testing
 */
export async function startDevSfu(options: DevSfuOptions = {}): Promise<DevSfu> {
  checkOptions({ name: 'startDevSfu()', example: 'startDevSfu({ port: 5551 })' }, options, DEV_SFU_KEYS);
  const { host = '127.0.0.1', port = 0, iceAddresses = ['127.0.0.1'], logger = { warn: () => {} } } = options;
  const script = devScript(connections(await loadWerift(), iceAddresses), logger);
  const server = await startScriptedSfu({ host, port, script, keepLast: 0 });
  return {
    address: server.address,
    port: server.port,
    get peers() {
      return script.peers.size;
    },
    get rooms() {
      return script.rooms.size;
    },
    async stop() {
      await server.stop();
      await Promise.all([...script.peers.values()].map((peer) => peer.close()));
    },
  };
}
