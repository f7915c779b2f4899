import type { SrvRecord } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { RelayError } from '../../protocol/errors.js';
import { checkOptions, type Keys, kindOf, misconfigured, quote } from '../../util/check-options.js';
import { MAX_WEIGHT, type SfuNodeOptions } from './node-options.js';

/** @category Configuration */
export interface DnsSrvOptions {
  /** The DNS servers: `10.0.0.2`, `10.0.0.2:5353`, `[2001:db8::1]:53`. @default those of the system */
  servers?: readonly string[];
}

const KEYS: Keys<DnsSrvOptions> = { servers: true };

/** All attempts end before the default of `connectTimeoutMs`. The second attempt of a server takes twice as long. */
const ATTEMPTS = { timeout: 1_000, tries: 2 };

/**
 * The nodes of a cluster by the SRV records of a DNS name: host, port and weight of each. Only records of the lowest priority
 * number are nodes. The name is looked up when the relay starts, and every `refreshMs`.
 *
 * ```ts
 * const sfu: SfuOptions = { mode: 'cluster', clusterNodes: dnsSrv('_grpc._tcp.sfu.example.com') };
 * ```
 * @throws RelayError `ERR_RELAY_CONFIG` that says what to write instead. The function that it returns rejects if the lookup fails,
 * or finds nothing: the relay keeps the nodes that it has.
 * @category Configuration
 */
export function dnsSrv(name: string, options: DnsSrvOptions = {}): () => Promise<SfuNodeOptions[]> {
  checkName(name);
  checkOptions(
    { name: 'dnsSrv()', example: 'dnsSrv("_grpc._tcp.sfu.example.com", { servers: ["10.0.0.2"] })' },
    options,
    KEYS,
  );
  const servers = checkServers(options.servers);
  // A resolver reads the configuration of the system when it is made, and that may change.
  return async () => toNodes(name, await lookUp(makeResolver(servers), name));
}

function checkName(name: unknown): void {
  if (typeof name === 'string' && name.length <= 255 && /^[\w-]+(?:\.[\w-]+)*\.?$/.test(name)) return;
  const given = name === undefined ? 'nothing' : typeof name === 'string' ? quote(name) : kindOf(name);
  throw misconfigured(
    `dnsSrv() needs a DNS name without scheme and port, and not ${given}: write dnsSrv("_grpc._tcp.sfu.example.com").`,
  );
}

function checkServers(servers: unknown): readonly string[] | undefined {
  if (servers === undefined) return undefined;
  try {
    if (!Array.isArray(servers) || servers.length === 0) throw new Error(kindOf(servers));
    const copy: string[] = [...servers];
    makeResolver(copy);
    return copy;
  } catch (error) {
    throw new RelayError(
      'ERR_RELAY_CONFIG',
      '"servers" of dnsSrv() must be a list of addresses of DNS servers: write ["10.0.0.2"] or ["10.0.0.2:5353"].',
      { cause: error },
    );
  }
}

function makeResolver(servers: readonly string[] | undefined): Resolver {
  const resolver = new Resolver(ATTEMPTS);
  if (servers) resolver.setServers(servers);
  return resolver;
}

async function lookUp(resolver: Resolver, name: string): Promise<SrvRecord[]> {
  try {
    return await resolver.resolveSrv(name);
  } catch (error) {
    const { code = 'no code' } = error as NodeJS.ErrnoException;
    throw new Error(`The SRV records of "${name}" can't be looked up (${code}): ${adviceOf(code, name)}`, {
      cause: error,
    });
  }
}

function adviceOf(code: string, name: string): string {
  if (code === 'ENOTFOUND') return `there is no such name. Compare it with: dig SRV ${name}`;
  if (code === 'ENODATA') return `the name has none. Compare it with: dig SRV ${name}`;
  return 'does the DNS server answer, can this machine reach it?';
}

function toNodes(name: string, records: readonly SrvRecord[]): SfuNodeOptions[] {
  // The target "." says that there is no such service (RFC 2782).
  const usable = records
    .map((record) => ({ ...record, host: record.name.replace(/\.$/, '') }))
    .filter(({ host, port }) => host !== '' && port > 0);
  if (usable.length === 0)
    throw new Error(
      `The SRV records of "${name}" name no host with a port: compare them with: dig SRV ${name}`,
    );
  const priority = Math.min(...usable.map((record) => record.priority));
  const first = usable.filter((record) => record.priority === priority);
  // A weight of DNS is a number up to 65535. Only the relation of the weights matters.
  const scale = Math.min(1, MAX_WEIGHT / Math.max(1, ...first.map(({ weight }) => weight)));
  return first.map(({ host, port, weight }) => ({
    serverUrl: `${host.includes(':') ? `[${host}]` : host}:${port}`,
    weight: Math.max(1, Math.round(weight * scale)),
  }));
}
