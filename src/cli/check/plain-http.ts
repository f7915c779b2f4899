import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { type Target, urlOf } from './options.js';

/** A response, with the beginning of its body. */
export interface Answer {
  readonly status: number;
  /** Of a redirect. */
  readonly location: string | undefined;
  readonly body: string;
}

const MAX_BODY = 8 * 1024;

/** What the server says to an ordinary request; undefined if it does not answer. */
export function plainGet(target: Target, timeoutMs: number): Promise<Answer | undefined> {
  const [request, protocol] = target.isSecure ? [requestHttps, 'https:'] : [requestHttp, 'http:'];
  return new Promise((resolve) => {
    // The scheme of a WebSocket's URL can't be set to that of HTTP.
    const url = urlOf(target, {}).replace(/^wss?:/, protocol);
    const sent = request(url, { agent: false, signal: AbortSignal.timeout(timeoutMs) }, (response) => {
      void readAnswer(response, timeoutMs).then(resolve);
    });
    sent.on('error', () => resolve(undefined));
    sent.end();
  });
}

/** Reads the beginning of the body, for as long as it arrives in time. Never rejects. */
export async function readAnswer(response: IncomingMessage, timeoutMs: number): Promise<Answer> {
  const timer = setTimeout(() => response.destroy(), timeoutMs);
  let body = '';
  try {
    response.setEncoding('utf8');
    for await (const text of response) {
      body += text;
      if (body.length >= MAX_BODY) break;
    }
  } catch {
    // What has arrived counts.
  } finally {
    clearTimeout(timer);
  }
  const { statusCode: status = 0, headers } = response;
  const location = status >= 300 && status < 400 ? headers.location : undefined;
  return { status, location, body };
}
