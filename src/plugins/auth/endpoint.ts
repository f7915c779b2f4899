import { misconfigured } from './failures.js';

/** Keys and introspection results have a few KiB. */
const MAX_RESPONSE_BYTES = 256 * 1024;

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/**
 * The URL of a server that is trusted with who may come in.
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
 * Asks for JSON, with a deadline and a ceiling for the whole of it; follows no redirect.
 * @throws Error whose message has nothing of the request, nor of the response's body
 */
export async function fetchJson(url: URL, timeoutMs: number, init: RequestInit = {}): Promise<unknown> {
  const signal = AbortSignal.timeout(timeoutMs);
  const request = () => fetch(url, { ...init, redirect: 'error', signal });
  const response = await request().catch((error) => {
    if (signal.aborted) throw error;
    // The server may have closed a connection that was kept for this request: once more, on another one.
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
