import { misconfigured } from '../../util/check-options.js';

/** Keys and introspection responses have a few KiB. */
const MAX_RESPONSE_BYTES = 256 * 1024;

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/**
 * Checks the URL of a server whose responses decide who may connect.
 * @throws RelayError `ERR_RELAY_CONFIG`
 */
export function checkEndpoint(name: string, value: unknown, allowInsecureRequests: boolean): URL {
  const text = value instanceof URL ? value.href : value;
  if (typeof text !== 'string' || !URL.canParse(text))
    throw misconfigured(`"${name}" must be a URL: https://login.example.org/…`);
  const url = new URL(text);
  const isSafe = url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.test(url.hostname));
  if (!isSafe && !(url.protocol === 'http:' && allowInsecureRequests))
    throw misconfigured(
      `"${name}" must be an https:// URL. On a network that you trust, set allowInsecureRequests: true for http://.`,
    );
  if (url.username || url.password) throw misconfigured(`"${name}" must not have a user or password in it.`);
  return url;
}

/**
 * Requests JSON, with a deadline and a maximum length; follows no redirect.
 * @throws Error whose message has nothing of the request, nor of the response's body
 */
export async function fetchJson(url: URL, timeoutMs: number, init: RequestInit = {}): Promise<unknown> {
  const signal = AbortSignal.timeout(timeoutMs);
  const request = () => fetch(url, { ...init, redirect: 'error', signal });
  const response = await request().catch((error) => {
    if (signal.aborted) throw error;
    // The server may have closed a kept-alive connection meanwhile: retry once, on a new one.
    return request();
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`${url.origin} answers with HTTP ${response.status}`);
  }
  const text = await readText(response, url);
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${url.origin} answers with what is not JSON`);
  }
}

async function readText({ body }: Response, { origin }: URL): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > MAX_RESPONSE_BYTES)
      throw new Error(`${origin} answers with more than ${MAX_RESPONSE_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
