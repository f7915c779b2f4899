import { isRecord } from '../../util/is-record.js';
import { type CheckOptions, urlOf } from './options.js';

/** Where the README mounts the API. */
const USUAL_PATH = '/api/v1/sfu/health';

const LOG =
  'Clients are not told why. The relay logs it: "The SFU at … is not available", at the level warn, with the reason and what to write.';

/** What the relay's health endpoint says of the SFU's nodes, or where the reason is to be found. Never rejects. */
export async function explainHealth({ target, health, timeoutMs }: CheckOptions): Promise<string[]> {
  const url = health ?? new URL(urlOf(target, { pathname: USUAL_PATH }).replace(/^ws/, 'http'));
  const report = await read(url, timeoutMs);
  if (typeof report === 'string') return health ? [`${url} tells nothing: ${report}.`, LOG] : [LOG, DETAILS];
  const nodes = (Array.isArray(report.nodes) ? report.nodes : []).filter(isRecord).map(describeNode);
  if (nodes.length > 0 && report.status === 'ok') return [...nodes, LOG];
  return nodes.length > 0 ? nodes : [`${url} says "${report.status}", without details.`, LOG, DETAILS];
}

const DETAILS =
  'Or let the API of createRouter() answer with healthDetails: "full", on a port of your own, and name it: --health <url of /health>.';

function describeNode({ server_url, status, message, cause }: Record<string, unknown>): string {
  if (status === 'ok') return `The node ${server_url} answers.`;
  // The cause begins with the address, too.
  return `The node ${server_url}: ${String(cause ?? message).replace(`${server_url}: `, '')}`;
}

async function read(url: URL, timeoutMs: number): Promise<Record<string, unknown> | string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs), redirect: 'error' });
    const report: unknown = await response.json().catch(() => undefined);
    return isRecord(report) && typeof report.status === 'string' ? report : `HTTP ${response.status}`;
  } catch (error) {
    const { message, cause } = error as Error;
    return cause instanceof Error ? cause.message : message;
  }
}
