// @ts-check
/** Several SFU nodes: their options for the relay, and the page's view of them. */

import { RelayError } from 'sfu-relay';

/** @typedef {Pick<import('./dev-nodes.js').DevNode, 'address' | 'kill'>} DevNode */

const JSON_HEADERS = { 'content-type': 'application/json', 'cache-control': 'no-store' };

export class Cluster {
  #nodes;

  /** @param {readonly DevNode[]} nodes */
  constructor(nodes) {
    this.#nodes = nodes;
  }

  /** @returns {import('sfu-relay').ClusterSfuOptions} the option `sfu` of the relay */
  get sfu() {
    return { mode: 'cluster', clusterNodes: this.#nodes.map(({ address }) => address) };
  }

  /**
   * `GET /nodes?room=lobby`: the nodes, and the one of this room. `PUT /nodes?room=lobby` moves the room to another node,
   * `DELETE /nodes/127.0.0.1:5551` kills a node; other sites cannot send these two.
   * @param {import('sfu-relay').SfuRelay} relay
   * @param {import('node:http').IncomingMessage} request
   * @param {import('node:http').ServerResponse} response
   */
  async answer(relay, { method, url = '' }, response) {
    const { pathname, searchParams } = new URL(url, 'http://localhost');
    const node = this.#nodes.find(({ address }) => pathname === `/nodes/${address}`);
    if (method === 'GET' && pathname === '/nodes') {
      const nodes = relay.nodes.map(({ serverUrl, state, streams, rooms }) => ({
        serverUrl,
        state,
        streams,
        rooms,
      }));
      const serving = relay.rooms.get(searchParams.get('room') ?? '')?.node;
      return response.writeHead(200, JSON_HEADERS).end(JSON.stringify({ nodes, node: serving }));
    }
    if (method === 'PUT' && pathname === '/nodes')
      return move(relay, searchParams.get('room') ?? '', response);
    if (method !== 'DELETE' || !node) return response.writeHead(404).end();
    try {
      await node.kill();
      response.writeHead(204).end();
    } catch (error) {
      console.error(`The development SFU ${node.address} did not stop as it should:`, error);
      response.writeHead(500).end();
    }
  }
}

/**
 * @param {import('sfu-relay').SfuRelay} relay
 * @param {string} roomId
 * @param {import('node:http').ServerResponse} response
 */
async function move(relay, roomId, response) {
  try {
    const report = await relay.moveRoom(roomId, { reason: 'demo' });
    response.writeHead(200, JSON_HEADERS).end(JSON.stringify(report));
  } catch (error) {
    const { httpStatus, message } = RelayError.from(error);
    response.writeHead(httpStatus, JSON_HEADERS).end(JSON.stringify({ error: message }));
  }
}
