import { createClient } from 'redis';

/** One client for the shared rooms and for the rate limits. Commands fail at once while Redis is away, so that neither waits. */
export async function connectRedis(url: string) {
  const client = createClient({ url, disableOfflineQueue: true });
  client.on('error', (error) => console.error('Redis:', error.message)); // without a listener, an error ends the process
  await client.connect();
  return client;
}

export type Redis = Awaited<ReturnType<typeof connectRedis>>;
