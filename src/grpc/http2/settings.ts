import {
  ConnectionError,
  ErrorCode,
  frameSizeError,
  MAX_31_BITS,
  MAX_FRAME_BYTES,
  protocolError,
  Setting,
} from './frames.js';

const SETTING_BYTES = 6;

/** The content of a SETTINGS frame. */
export function encodeSettings(settings: readonly (readonly [id: number, value: number])[]): Buffer {
  const content = Buffer.alloc(SETTING_BYTES * settings.length);
  settings.forEach(([id, value], n) => {
    content.writeUInt16BE(id, SETTING_BYTES * n);
    content.writeUInt32BE(value, SETTING_BYTES * n + 2);
  });
  return content;
}

/** The server's settings that this client uses (RFC 9113 § 6.5.2). */
export interface PeerSettings {
  initialWindow?: number;
  maxStreams?: number;
}

/** @throws ConnectionError an invalid setting */
export function decodeSettings(data: Buffer, start: number, end: number): PeerSettings {
  if ((end - start) % SETTING_BYTES !== 0) throw frameSizeError('settings that are not whole');
  const settings: PeerSettings = {};
  for (let at = start; at < end; at += SETTING_BYTES) {
    const value = data.readUInt32BE(at + 2);
    switch (data.readUInt16BE(at)) {
      case Setting.ENABLE_PUSH:
        if (value !== 0) throw protocolError('a server that wants to be pushed to');
        break;
      case Setting.MAX_CONCURRENT_STREAMS:
        settings.maxStreams = value;
        break;
      case Setting.INITIAL_WINDOW_SIZE:
        if (value > MAX_31_BITS)
          throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, 'a window of more than 31 bits');
        settings.initialWindow = value;
        break;
      case Setting.MAX_FRAME_SIZE:
        // This client never sends frames longer than the minimum of this setting.
        if (value < MAX_FRAME_BYTES || value > 0xffffff)
          throw protocolError(`frames of up to ${value} bytes`);
        break;
    }
  }
  return settings;
}
