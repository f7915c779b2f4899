import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';
import { RelayError } from '../../../../src/index.js';
import {
  type AuthRequest,
  type IntrospectionOptions,
  introspection,
} from '../../../../src/plugins/auth/index.js';
import { closeServer, listen } from '../../../support/listen.js';

export const ISSUER = 'https://login.example.org';
export const AUDIENCE = 'live';

export interface SigningKey {
  kid: string;
  privateKey: CryptoKey;
  jwk: JWK;
}

export async function signingKey(kid: string, alg = 'ES256'): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

const inSeconds = (offset: number) => Math.floor(Date.now() / 1000) + offset;

/** What a good token says; `undefined` takes a claim out. */
export function claims(overrides: JWTPayload = {}): JWTPayload {
  const video = { room: 'lobby', roomJoin: true };
  return { iss: ISSUER, aud: AUDIENCE, sub: 'alice', exp: inSeconds(600), video, ...overrides };
}

export { inSeconds };

export function sign(
  { privateKey, jwk, kid }: SigningKey,
  overrides: JWTPayload = {},
  header: object = {},
): Promise<string> {
  return new SignJWT(claims(overrides))
    .setProtectedHeader({ alg: jwk.alg ?? '', kid, ...header })
    .sign(privateKey);
}

export const withToken = (token: string | undefined, headers: AuthRequest['headers'] = {}): AuthRequest => ({
  url: '/rtc',
  headers,
  remoteAddress: '127.0.0.1',
  token,
});

/** An `authenticate` that asks this authority. */
export const byIntrospection = (endpoint: string, options: Partial<IntrospectionOptions> = {}) =>
  introspection({
    endpoint,
    clientId: 'relay',
    clientSecret: 'relay-secret-of-24-bytes',
    ...options,
  } as IntrospectionOptions & { mapClaims?: undefined });

/** How a call fails: by what code, and why by the cause, which is for the log. */
export async function failure(call: unknown): Promise<{ code: string; why: string; error: RelayError }> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof RelayError)) throw error;
    return { code: error.code, why: (error.cause as Error | undefined)?.message ?? '', error };
  }
  throw new Error('it did not fail');
}

type Answer = (response: ServerResponse, body: string, request: IncomingMessage) => void;

export const json =
  (value: unknown): Answer =>
  (response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));

/** A real HTTP server that answers as it is told, and counts. */
export class Authority {
  answer: Answer = json({});
  requests = 0;
  readonly #server = createServer(async (request, response) => {
    this.requests += 1;
    let body = '';
    for await (const chunk of request) body += chunk;
    this.answer(response, body, request);
  });
  #port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.#port}/path`;
  }

  /** At the port that it had, if it had one. */
  async start(): Promise<this> {
    if (this.#port === 0) this.#port = await listen(this.#server);
    else await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve));
    return this;
  }

  publish(...keys: SigningKey[]): void {
    this.answer = json({ keys: keys.map(({ jwk }) => jwk) });
  }

  stop(): Promise<void> {
    return closeServer(this.#server);
  }
}
