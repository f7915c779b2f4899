import { expectTypeOf, test } from 'vitest';
import type {
  AckParams,
  ClientNotifications,
  ClientRequests,
  RelayNotifications,
  ResumeParams,
  ResumeResult,
} from '../../../src/protocol/messages.js';

test('both sides acknowledge in the same way; a client resumes by a request', () => {
  expectTypeOf<ClientNotifications['ack']>().toEqualTypeOf<AckParams>();
  expectTypeOf<RelayNotifications['ack']>().toEqualTypeOf<AckParams>();
  expectTypeOf<ClientRequests['resume']>().toEqualTypeOf<{ params: ResumeParams; result: ResumeResult }>();
});
