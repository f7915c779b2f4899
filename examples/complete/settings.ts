/** The environment. Without a secret the server does not start. */
export interface Settings {
  port: number;
  host: string;
  /** Of the metrics and the detailed health: on an address that the public does not reach. */
  internalPort: number;
  sfuUrls: readonly string[];
  redisUrl: string;
  /** Verifies the tokens of your login. */
  loginSecret: string;
  /** Signs and verifies the short-lived tokens for live rooms. */
  liveSecret: string;
  /** The pages that may connect; none: pages of this server only. */
  allowedOrigins: readonly string[];
  /** Reverse proxies in front of this server. */
  trustProxy: number;
  readinessDelayMs: number;
  drainMs: number;
}

export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const secret = (name: string): string => {
    const value = env[name] ?? '';
    if (Buffer.byteLength(value) < 32)
      throw new Error(`Set ${name} to 32 bytes or more: openssl rand -base64 32`);
    return value;
  };
  const count = (name: string, preset: number): number => {
    const value = Number(env[name] ?? preset);
    if (!Number.isInteger(value) || value < 0)
      throw new Error(`${name} must be a whole number, not "${env[name]}".`);
    return value;
  };
  const list = (text: string): string[] => text.split(',').filter(Boolean);
  return {
    port: count('PORT', 8080),
    host: env.HOST ?? '127.0.0.1',
    internalPort: count('INTERNAL_PORT', 9464),
    sfuUrls: list(env.SFU_URLS ?? 'localhost:5551'),
    redisUrl: env.REDIS_URL ?? 'redis://localhost:6379',
    loginSecret: secret('LOGIN_SECRET'),
    liveSecret: secret('LIVE_SECRET'),
    allowedOrigins: list(env.ALLOWED_ORIGINS ?? ''),
    trustProxy: count('TRUST_PROXY', 0),
    readinessDelayMs: count('READINESS_DELAY_MS', 5_000),
    drainMs: count('DRAIN_MS', 10_000),
  };
}
