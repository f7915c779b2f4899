import { type IncomingMessage, request } from 'node:http';
import { request as secureRequest } from 'node:https';
import { text } from 'node:stream/consumers';

/** A response of a server whose certificate nobody knows; the body is still to be read. */
export function open(url: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
  const send = url.startsWith('https:') ? secureRequest : request;
  return new Promise((resolve, reject) => {
    const sent = send(url, { headers, rejectUnauthorized: false, agent: false }, resolve);
    sent.on('error', reject);
    sent.end();
  });
}

export async function browse(
  url: string,
  headers: Record<string, string> = {},
): Promise<{ status: number | undefined; headers: IncomingMessage['headers']; body: string }> {
  const response = await open(url, headers);
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}
