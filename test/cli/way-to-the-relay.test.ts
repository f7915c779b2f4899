import { createServer, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import express from 'express';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { useServer } from '../../src/adapters/ws.js';
import { anonymous, SfuRelay } from '../../src/index.js';
import { type ScriptedSfu, startScriptedSfu } from '../../src/testing/index.js';
import { closeServer, freePort, listen } from '../support/listen.js';
import { describeReal } from '../support/real.js';
import { startRelay } from '../support/relay-server.js';
import { certificates } from '../unit/grpc/http2/certificates.js';
import { check, documentedFaultOf, faultOf } from './check.js';
import { startNginx } from './nginx.js';
import { useResources } from './resources.js';

describe('on the way to the relay, check', () => {
  const started = useResources();
  let sfu: ScriptedSfu;

  beforeEach(async () => {
    sfu = await startScriptedSfu();
  });
  afterEach(() => sfu.stop());

  /** An application that serves the relay on /rtc, and pages. */
  async function startApplication(listener?: RequestListener): Promise<number> {
    const relay = new SfuRelay({ sfu: { serverUrl: sfu.address }, authenticate: anonymous() });
    started(relay, () => relay.close());
    const server = createServer(listener);
    useServer(relay, server);
    const port = await listen(server);
    started(server, closeServer);
    return port;
  }

  /** The same, by TLS. */
  async function startSecureApplication(): Promise<number> {
    const relay = new SfuRelay({ sfu: { serverUrl: sfu.address }, authenticate: anonymous() });
    started(relay, () => relay.close());
    const server = createSecureServer(certificates.server);
    useServer(relay, server);
    const port = await listen(server);
    started(server, closeServer);
    return port;
  }

  test('names a host that does not exist', async () => {
    expect(await faultOf('wss://sfu-relay.invalid/rtc', 'dns', 'host-not-found')).toContain(
      'sfu-relay.invalid',
    );
  });

  test('names a port at which nothing listens', async () => {
    const port = await freePort();
    expect(await faultOf(`ws://127.0.0.1:${port}/rtc`, 'tcp', 'port-closed')).toContain(`127.0.0.1:${port}`);
  });

  test('names a wrong path, and the right one', async () => {
    const port = await startApplication();
    const said = await documentedFaultOf(`ws://127.0.0.1:${port}/ws?x=1`, 'upgrade', 'wrong-path');
    expect(said).toContain('the relay is not at /ws, but at /rtc');
    expect(said).toContain(`Connect to ws://127.0.0.1:${port}/rtc`);
  });

  test('names a wrong path of a WebSocketServer, which does not tell its own', async () => {
    const { url, close } = await startRelay(sfu.address);
    started(close, () => close());
    const said = await faultOf(url.replace('/rtc', '/signal'), 'upgrade', 'wrong-path');
    expect(said).toContain(`Connect to ${url}`);
  });

  test('names a relay that is closing', async () => {
    const relay = new SfuRelay({ sfu: { serverUrl: sfu.address }, authenticate: anonymous() });
    const server = createServer();
    useServer(relay, server);
    const port = await listen(server);
    started(server, closeServer);
    await relay.close();
    const said = await faultOf(`ws://127.0.0.1:${port}/rtc`, 'upgrade', 'relay-not-reached');
    expect(said).toContain('HTTP 503: The relay is closing.');
  });

  test('names ws instead of wss', async () => {
    const port = await startSecureApplication();
    const said = await documentedFaultOf(`ws://127.0.0.1:${port}/rtc`, 'upgrade', 'tls-required');
    expect(said).toContain(`Connect to wss://127.0.0.1:${port}/rtc`);
  });

  test('names wss instead of ws', async () => {
    const port = await startApplication();
    const said = await documentedFaultOf(`https://127.0.0.1:${port}/rtc`, 'tls', 'tls-not-spoken');
    expect(said).toContain(`Connect to ws://127.0.0.1:${port}/rtc`);
  });

  test('names a certificate that browsers refuse', async () => {
    const port = await startSecureApplication();
    const said = await faultOf(`wss://127.0.0.1:${port}/rtc`, 'tls', 'certificate');
    expect(said).toMatch(/certificate/);
  });

  test('names an application without a relay', async () => {
    const server = createServer(express());
    const port = await listen(server);
    started(server, closeServer);
    const said = await faultOf(`ws://127.0.0.1:${port}/rtc`, 'upgrade', 'upgrade-lost');
    expect(said).toContain('does this server call useServer()');
  });

  test('names a port that does not answer', async () => {
    const server = createTcpServer((socket) => socket.on('error', () => {}));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    started(server, () => server.close());
    const { port } = server.address() as { port: number };
    const args = ['--timeout', '500ms'];
    const said = await faultOf(`ws://127.0.0.1:${port}/rtc`, 'upgrade', 'upgrade-lost', ...args);
    expect(said).toContain('does not answer the request within 500 ms');
  });

  describeReal(['nginx'], 'behind nginx', () => {
    /** nginx in front of an application, with the location of /rtc. */
    async function startProxy(location: string, listener?: RequestListener): Promise<string> {
      const port = await startApplication(listener);
      const proxy = await startNginx(
        `location /rtc { proxy_pass http://127.0.0.1:${port}; ${location} } location / { return 404; }`,
      );
      started(proxy, () => proxy.stop());
      return `ws://127.0.0.1:${proxy.port}`;
    }

    const PASSED_ON = `proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade"; proxy_set_header Host $http_host;`;

    test('that passes the upgrade on: finds nothing', async () => {
      const { found } = await check(`${await startProxy(PASSED_ON)}/rtc`);
      expect(found.slice(0, 5)).toEqual(['dns ok', 'tcp ok', 'upgrade ok', 'auth ok', 'join ok']);
    });

    test.each<[string, RequestListener | undefined]>([
      ['with pages', express()],
      ['with other answers', (_, response) => response.writeHead(404).end()],
    ])('that does not pass the upgrade on, in front of an application %s: says how', async (_, listener) => {
      const said = await documentedFaultOf(
        `${await startProxy('', listener)}/rtc`,
        'upgrade',
        'upgrade-lost',
      );
      expect(said).toContain('HTTP 404, as for an ordinary request');
      expect(said).toContain('proxy_set_header Upgrade $http_upgrade');
    });

    test('that does not pass the upgrade on, in front of an application without pages: says how', async () => {
      const url = `${await startProxy('')}/rtc`;
      const said = await faultOf(url, 'upgrade', 'upgrade-lost', '--timeout', '1s');
      expect(said).toContain('proxy_set_header Upgrade $http_upgrade');
    });

    test('whose path is another: names it', async () => {
      const said = await faultOf(`${await startProxy(PASSED_ON)}/live`, 'upgrade', 'wrong-path');
      expect(said).toContain('but at /rtc');
    });

    test('without a location for any relay: says so', async () => {
      const proxy = await startNginx('location / { return 404; }');
      started(proxy, () => proxy.stop());
      const said = await faultOf(`ws://127.0.0.1:${proxy.port}/rtc`, 'upgrade', 'wrong-path');
      expect(said).toContain('HTTP 404 of the proxy itself');
    });

    test('whose relay does not run: says so', async () => {
      const proxy = await startNginx(`location / { proxy_pass http://127.0.0.1:${await freePort()}; }`);
      started(proxy, () => proxy.stop());
      const said = await documentedFaultOf(
        `ws://127.0.0.1:${proxy.port}/rtc`,
        'upgrade',
        'relay-not-reached',
      );
      expect(said).toContain('HTTP 502');
    });

    test('that wants a login first: says that it is not the relay', async () => {
      const proxy = await startNginx('location /rtc { return 302 /login; } location / { return 403; }');
      started(proxy, () => proxy.stop());
      const url = `ws://127.0.0.1:${proxy.port}`;
      expect(await faultOf(`${url}/rtc`, 'upgrade', 'redirected')).toContain('HTTP 302 to http');
      expect(await faultOf(`${url}/live`, 'upgrade', 'http-refused')).toContain('HTTP 403, before the relay');
    });

    test('that redirects to https: names ws instead of wss', async () => {
      const proxy = await startNginx('return 301 https://live.example.org$request_uri;');
      started(proxy, () => proxy.stop());
      const said = await faultOf(`ws://127.0.0.1:${proxy.port}/rtc`, 'upgrade', 'tls-required');
      expect(said).toContain('Connect to wss://live.example.org/rtc');
    });
  });
});
