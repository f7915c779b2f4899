// @ts-check
/** A load balancer without stickiness, and the page's view of what it balances. */
import { createServer, request as send } from 'node:http';
import { connect } from 'node:net';

/** @typedef {import('./part.js').Part} Part */

const JSON_HEADERS = { 'content-type': 'application/json', 'cache-control': 'no-store' };

/**
 * Every WebSocket goes to the next relay that is ready, whichever served its user before.
 * @param {{ relays: readonly Part[], nodes: readonly Part[], pages: import('node:http').RequestListener }} parts
 */
export function createBalancer({ relays, nodes, pages }) {
  let turn = 0;
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname === '/healthz') return response.writeHead((await nextRelay()) ? 200 : 503).end();
    if (pathname === '/nodes' || pathname.startsWith('/nodes/')) return answerNodes(request, response);
    if (pathname === '/processes' || pathname.startsWith('/processes/'))
      return answerProcesses(request, response);
    return pages(request, response);
  });

  server.on('upgrade', async (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    const relay = await nextRelay();
    if (!relay) return socket.end('HTTP/1.1 503 Service Unavailable\r\n\r\n');
    const upstream = connect(relay.port, '127.0.0.1');
    upstream.on('error', () => socket.destroy());
    upstream.on('close', () => socket.destroy());
    socket.on('close', () => upstream.destroy());
    const { method, url, httpVersion, rawHeaders } = request;
    const headers = rawHeaders.map((text, n) => text + (n % 2 === 0 ? ': ' : '\r\n')).join('');
    upstream.write(`${method} ${url} HTTP/${httpVersion}\r\n${headers}\r\n`);
    upstream.write(head);
    upstream.pipe(socket);
    socket.pipe(upstream);
  });
  return server;

  /** A relay that closes is up, but not ready. @returns {Promise<Part | undefined>} */
  async function nextRelay() {
    turn += 1;
    const inTurn = relays.map((_, n) => relays[(turn + n) % relays.length]);
    for (const relay of inTurn)
      if (relay && (await ask(relay, 'GET', '/ready'))?.status === 204) return relay;
    return undefined;
  }

  /**
   * `GET` and `PUT /nodes?room=lobby` are answered by a relay that has the room; `DELETE /nodes/127.0.0.1:5551` kills a node.
   * @param {import('node:http').IncomingMessage} request
   * @param {import('node:http').ServerResponse} response
   */
  async function answerNodes(request, response) {
    const { method, url = '' } = request;
    if (method === 'DELETE') return kill(nodes, ({ port }) => url === `/nodes/127.0.0.1:${port}`, response);
    const answers = await Promise.all(
      relays.map(async (relay) => ({ relay, answer: await ask(relay, 'GET', url) })),
    );
    const known = answers.filter(({ answer }) => answer?.status === 200);
    const best = known.find(({ answer }) => JSON.parse(answer?.body ?? '').node) ?? known[0];
    const answer = method === 'PUT' && best ? await ask(best.relay, 'PUT', url) : best?.answer;
    response.writeHead(answer?.status ?? 503, JSON_HEADERS).end(answer?.body);
  }

  /**
   * `GET /processes?session=…`: the relay processes, and the one that serves the session. `DELETE /processes/relay-1` kills one.
   * @param {import('node:http').IncomingMessage} request
   * @param {import('node:http').ServerResponse} response
   */
  async function answerProcesses({ method, url = '' }, response) {
    const { pathname, searchParams } = new URL(url, 'http://localhost');
    if (method === 'DELETE') return kill(relays, ({ name }) => pathname === `/processes/${name}`, response);
    const path = `/sessions/${encodeURIComponent(searchParams.get('session') ?? '')}`;
    const processes = await Promise.all(
      relays.map(async (relay) => {
        const { name, pid, isUp } = relay;
        return { name, pid, isUp, isServing: (await ask(relay, 'GET', path))?.status === 204 };
      }),
    );
    response.writeHead(200, JSON_HEADERS).end(JSON.stringify({ processes }));
  }
}

/**
 * @param {readonly Part[]} parts @param {(part: Part) => boolean} isMeant
 * @param {import('node:http').ServerResponse} response
 */
function kill(parts, isMeant, response) {
  const part = parts.find(isMeant);
  part?.kill();
  response.writeHead(part ? 204 : 404).end();
}

/**
 * @param {Part} part @param {string} method @param {string} path
 * @returns {Promise<{ status: number, body: string } | undefined>} undefined if it cannot be reached
 */
function ask({ port, isUp }, method, path) {
  if (!isUp) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const request = send({ host: '127.0.0.1', port, method, path, timeout: 20_000 }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 500, body }));
    });
    request.on('error', () => resolve(undefined));
    request.on('timeout', () => request.destroy());
    request.end();
  });
}
