import { connect, type RelayClient, RelayClientError, type RemoteTrack } from 'sfu-relay/client';

/** Compiled only: what a page writes, with the types of the browser and none of Node's. */
export async function watch(
  url: string,
  show: (track: RemoteTrack) => void,
): Promise<RelayClient | undefined> {
  try {
    const client = await connect(url, { token: 'secret' });
    client.on('track', show);
    client.on('stats', ({ videoBitrate }) => videoBitrate?.toFixed());
    // @ts-expect-error there is no such event
    client.on('nonsense', () => {});
    const { participants } = await client.join({ roomId: 'lobby', role: 'subscriber' });
    for (const { userId, tracks } of participants) void [userId.length, tracks.length];
    return client;
  } catch (error) {
    if (error instanceof RelayClientError && error.retryable) return undefined;
    throw error;
  }
}
