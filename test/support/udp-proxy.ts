import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';

/** Stands between ICE agents and an SFU's media port on 127.0.0.1, as a NAT does. */
export interface UdpProxy {
  /** As candidates and SDP have it: address, a space, port. */
  readonly address: string;
  /** From now on nothing of the flows that there are arrives, in either direction. New flows work. */
  dropFlows(): void;
  /** From now on nothing arrives at all, and nobody is told: as behind a firewall. */
  block(): void;
  close(): void;
}

/** One client's socket, and the one that stands for it towards the server. */
interface Flow {
  upstream: Socket;
  isDropped: boolean;
}

/**
 * The address that Firefox sends from: it takes that of the default route, pairs no candidate of loopback with it, and has
 * no preference that changes both. What the machine sends to itself never leaves it.
 */
function ownAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return addresses.find(({ internal, family }) => !internal && family === 'IPv4')?.address ?? '127.0.0.1';
}

/** @param serverPort where datagrams are passed on to */
export async function startUdpProxy(serverPort: number): Promise<UdpProxy> {
  const host = ownAddress();
  const flows = new Map<string, Flow>();
  let isBlocked = false;
  const proxy = createSocket('udp4');
  proxy.on('error', () => {});
  proxy.on('message', (datagram, { address, port }) => {
    if (isBlocked) return;
    const flow = flows.get(`${address} ${port}`) ?? open(address, port);
    if (!flow.isDropped) flow.upstream.send(datagram, serverPort, '127.0.0.1');
  });

  function open(address: string, port: number): Flow {
    const upstream = createSocket('udp4');
    const flow = { upstream, isDropped: false };
    upstream.on('error', () => {});
    upstream.on('message', (datagram) => {
      if (!flow.isDropped) proxy.send(datagram, port, address);
    });
    flows.set(`${address} ${port}`, flow);
    return flow;
  }

  proxy.bind(0, host);
  await once(proxy, 'listening');
  return {
    address: `${host} ${proxy.address().port}`,
    dropFlows: () => {
      for (const flow of flows.values()) flow.isDropped = true;
    },
    block: () => {
      isBlocked = true;
    },
    close() {
      for (const { upstream } of flows.values()) upstream.close();
      proxy.close();
    },
  };
}
