import type { TLSSocket } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { certificates } from './certificates.js';
import { framed } from './recorded-call.js';
import { answer, finish, message, useStage } from './stage.js';

const stage = useStage();
const { ca, otherCa, server, named, client } = certificates;
const forever = new AbortController().signal;
const UNAVAILABLE = { code: 'ERR_RELAY_SFU_UNAVAILABLE' };

describe('with TLS a connection', () => {
  test.each([
    ['by text', ca],
    ['by bytes', Buffer.from(ca)],
  ])('stands, speaks h2 and carries calls, its authority given %s', async (_, authority) => {
    const raw = await stage.serve({ ...server, ALPNProtocols: ['h2'] });
    const connection = stage.connect(raw.address, { tls: { ca: authority } });
    const peer = await raw.accept();
    expect((peer.socket as TLSSocket).alpnProtocol).toBe('h2');
    peer.greet();
    await connection.ready(forever);
    const call = stage.call(connection);
    call.say('over TLS');
    const id = await peer.stream();
    await expect.poll(() => peer.bytesOf(id).subarray(5).toString()).toBe('over TLS');
    peer.send(answer(id), message(id, 'and back'), finish(id));
    expect((await call.ended()).code).toBe('OK');
    expect(call.messages).toEqual(['and back']);
  });

  test('asks for a server by another name than its address', async () => {
    const raw = await stage.serve({ ...named, ALPNProtocols: ['h2'] });
    const connection = stage.connect(raw.address, { tls: { ca, serverName: 'sfu.example' } });
    const peer = await raw.accept();
    expect((peer.socket as TLSSocket & { servername?: string }).servername).toBe('sfu.example');
    peer.greet();
    await connection.ready(forever);
  });

  test('says by what name it calls the server, where that is no address', async () => {
    const raw = await stage.serve({ ...server, ALPNProtocols: ['h2'] });
    const connection = stage.connect(raw.address.replace('127.0.0.1', 'localhost'), { tls: { ca } });
    const peer = await raw.accept();
    expect((peer.socket as TLSSocket & { servername?: string }).servername).toBe('localhost');
    peer.greet();
    await connection.ready(forever);
  });

  test('shows its own certificate, where one is wanted', async () => {
    const raw = await stage.serve({
      ...server,
      ca,
      requestCert: true,
      rejectUnauthorized: true,
      ALPNProtocols: ['h2'],
    });
    const connection = stage.connect(raw.address, { tls: { ca, ...client } });
    const peer = await raw.accept();
    expect((peer.socket as TLSSocket).getPeerCertificate().subject.CN).toBe('relay.example');
    peer.greet();
    await connection.ready(forever);
  });

  test('carries much in both directions', async () => {
    const raw = await stage.serve({ ...server, ALPNProtocols: ['h2'] });
    const connection = stage.connect(raw.address, { tls: { ca } });
    const peer = await raw.accept();
    peer.greet({ INITIAL_WINDOW_SIZE: 1_000_000 });
    await connection.ready(forever);
    const call = stage.call(connection);
    const id = await peer.stream();
    const said = Array.from({ length: 600 }, (_, n) => `a message of this side, of its number ${n}`);
    call.say(...said);
    const bytes = Buffer.concat(said.map(framed));
    await expect.poll(() => peer.bytesOf(id).length).toBe(bytes.length);
    expect(peer.bytesOf(id).equals(bytes)).toBe(true);
    peer.send(answer(id), ...Array.from({ length: 300 }, (_, n) => message(id, `message ${n}`)));
    expect((await call.received(300)).at(-1)).toBe('message 299');
    expect(call.pending).toBe(0);
  });
});

describe('with TLS no connection stands', () => {
  test.each([
    ['of another authority', { ca: otherCa }],
    ['of no authority that the system knows', {}],
  ])('to a server %s', async (_, tls) => {
    const raw = await stage.serve({ ...server, ALPNProtocols: ['h2'] });
    const connection = stage.connect(raw.address, { tls });
    await expect(connection.ready(forever)).rejects.toMatchObject(UNAVAILABLE);
    expect(stage.lost).toEqual([connection]);
  });

  test.each([
    ['than the address', {}],
    ['than is wanted', { serverName: 'other.example' }],
  ])('to a server of another name %s', async (_, more) => {
    const raw = await stage.serve({ ...named, ALPNProtocols: ['h2'] });
    const connection = stage.connect(raw.address, { tls: { ca, ...more } });
    await expect(connection.ready(forever)).rejects.toMatchObject({
      ...UNAVAILABLE,
      cause: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    });
  });

  test('to a server that speaks another protocol', async () => {
    const raw = await stage.serve({ ...server, ALPNProtocols: ['http/1.1'] });
    const connection = stage.connect(raw.address, { tls: { ca } });
    await expect(connection.ready(forever)).rejects.toMatchObject(UNAVAILABLE);
  });

  test('to a server that chooses no protocol, and speaks another', async () => {
    const raw = await stage.serve(server);
    const connection = stage.connect(raw.address, { tls: { ca } });
    const peer = await raw.accept();
    peer.send(Buffer.from('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'));
    await expect(connection.ready(forever)).rejects.toMatchObject(UNAVAILABLE);
    await peer.gone();
  });

  test('to a server without TLS', async () => {
    const raw = await stage.serve();
    const connection = stage.connect(raw.address, { tls: { ca } });
    const peer = await raw.accept();
    peer.greet();
    await expect(connection.ready(forever)).rejects.toMatchObject(UNAVAILABLE);
  });

  test('to a server that accepts and is silent', async () => {
    const raw = await stage.serve();
    const connection = stage.connect(raw.address, { tls: { ca }, connectTimeoutMs: 50 });
    await expect(connection.ready(forever)).rejects.toMatchObject({ code: 'ERR_RELAY_SFU_TIMEOUT' });
    expect(connection.suspect).toBe(true);
  });

  test('with a certificate of its own that the server does not trust', async () => {
    const raw = await stage.serve({
      ...server,
      ca: otherCa,
      requestCert: true,
      rejectUnauthorized: true,
      ALPNProtocols: ['h2'],
    });
    const connection = stage.connect(raw.address, { tls: { ca, ...client } });
    await expect(connection.ready(forever)).rejects.toMatchObject(UNAVAILABLE);
  });

  test('with a key that is none', async () => {
    const raw = await stage.serve({ ...server, ALPNProtocols: ['h2'] });
    const attempt = async () =>
      stage.connect(raw.address, { tls: { ca, cert: client.cert, key: 'no key' } }).ready(forever);
    await expect(attempt()).rejects.toThrow();
  });
});
