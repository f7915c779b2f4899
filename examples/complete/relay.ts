import { chat, like, SfuRelay } from 'sfu-relay';
import { jwt } from 'sfu-relay/auth';
import { rateLimits } from 'sfu-relay/limits';
import { redisBackplane } from 'sfu-relay/redis';
import type { Redis } from './redis.js';
import type { Settings } from './settings.js';
import { withoutBadWords } from './word-filter.js';

export function openRelay({ sfuUrls, liveSecret }: Settings, redis: Redis) {
  return new SfuRelay({
    sfu: { mode: 'cluster', clusterNodes: sfuUrls, loadBalanceMethod: 'leastconn' },
    authenticate: jwt({ secret: liveSecret, audience: 'live' }),
    backplane: redisBackplane({ client: redis }),
    duplicateUser: 'replace',
    rateLimiter: rateLimits({ user: { points: 400, durationMs: 1_000 }, redis }),
    limits: { maxSessionsPerUser: 5, maxParticipantsPerRoom: 5_000, maxConnectionsPerAddress: 10_000 },
    messages: { chat: chat({ maxLength: 500 }), like: like() },
    hooks: {
      onMessage({ kind, data }) {
        if (kind === 'chat') return { text: withoutBadWords(data.text) };
        return undefined; // unchanged
      },
    },
  });
}

export type Relay = ReturnType<typeof openRelay>;
