// @ts-check
/**
 * A minimal moderation service: it refuses shouting, and shortens long messages. Replace it by your own, for example one
 * that uses a language model.
 *
 *   PORT=8090 node examples/moderation/service.js
 */
import { once } from 'node:events';
import { createServer } from 'node:http';

const MAX_LENGTH = 200;

/** @param {string} text */
function judge(text) {
  if (text.length > 8 && text === text.toUpperCase() && text !== text.toLowerCase())
    return { allow: false, reason: 'No shouting, please.' };
  return text.length > MAX_LENGTH ? { allow: true, text: `${text.slice(0, MAX_LENGTH)}…` } : { allow: true };
}

const server = createServer(async (request, response) => {
  try {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { text } = JSON.parse(Buffer.concat(chunks).toString());
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(judge(String(text))));
  } catch {
    response.writeHead(400).end();
  }
});
server.listen(Number(process.env.PORT ?? 8090), '127.0.0.1');
await once(server, 'listening');
const address = server.address();
console.log(`moderating on http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`);
