/**
 * The close codes of the relay. 44xx mirrors HTTP 4xx, 45xx mirrors 5xx.
 * @category Errors
 */
export const CloseCode = {
  Normal: 1000,
  GoingAway: 1001,
  ServiceRestart: 1012,
  BadRequest: 4400,
  Unauthorized: 4401,
  Forbidden: 4403,
  SubprotocolNotAcceptable: 4406,
  Timeout: 4408,
  Replaced: 4409,
  RoomEnded: 4410,
  Rejoin: 4412,
  MessageTooLarge: 4413,
  TooManyRequests: 4429,
  InternalError: 4500,
  SfuError: 4502,
  SfuUnavailable: 4503,
  SfuTimeout: 4504,
  SlowConsumer: 4508,
} as const;
export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode];
