// @ts-check
/** The messages of a room: chat, gifts, likes. */

/**
 * @typedef {{ own: boolean, old: boolean }} Facts own: sent by this page; old: sent before this page joined
 * @typedef {object} MessageHandlers
 * @property {(message: any, facts: Facts) => void} chat
 * @property {(message: any, facts: Facts) => void} gift
 * @property {(message: any) => void} like
 * @property {(deletion: { deleted: string }) => void} messageDeleted
 */

/** @param {any} client before it joins @param {MessageHandlers} handlers */
export function listenToMessages(client, { chat, gift, like, messageDeleted }) {
  const factsOf = (/** @type {any} */ { from }) => ({
    own: from !== undefined && from.sessionId === client.session?.sessionId,
    old: client.state === 'joining',
  });
  client.on('chat', (/** @type {any} */ message) => chat(message, factsOf(message)));
  client.on('gift', (/** @type {any} */ message) => gift(message, factsOf(message)));
  client.on('like', like);
  client.on('messagedeleted', messageDeleted);
}
