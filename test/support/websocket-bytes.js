/** What a WebSocket client sends, as bytes on the wire: for crowds that are made of TCP alone. */

/** The request for one. */
export function handshake(path = '/rtc') {
  return [
    `GET ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    '\r\n',
  ].join('\r\n');
}

/** A text frame of a client, masked with zeros. */
export function textFrame(text) {
  const bytes = Buffer.from(text);
  const header = Buffer.alloc(8);
  header.set([0x81, 0x80 | 126]);
  header.writeUInt16BE(bytes.length, 2);
  return Buffer.concat([header, bytes]);
}
