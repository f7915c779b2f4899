import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { reach } from '../../../../src/client/connection/reachability.js';

const ADDRESS = 'wss://live.example.org/rtc';
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const CHROMIUM =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';

const asked = vi.fn<typeof fetch>();

beforeEach(() => {
  asked.mockReset().mockResolvedValue(new Response());
  vi.stubGlobal('fetch', asked);
});
afterEach(() => vi.unstubAllGlobals());

describe('before a WebSocket is opened after others have failed', () => {
  test('the server is asked in Firefox, by a request that another origin permits', async () => {
    vi.stubGlobal('navigator', { userAgent: FIREFOX });
    await reach(ADDRESS, 2, 1_000, undefined);
    expect(asked).toHaveBeenCalledWith(
      'https://live.example.org/rtc',
      expect.objectContaining({ mode: 'no-cors', cache: 'no-store' }),
    );
  });

  test('an attempt fails that does not reach it', async () => {
    vi.stubGlobal('navigator', { userAgent: FIREFOX });
    asked.mockRejectedValue(new TypeError('NetworkError'));
    await expect(reach(ADDRESS, 5, 1_000, undefined)).rejects.toThrow('NetworkError');
  });

  test('nothing is asked before two of sixteen attempts, as a page may forbid the request', () => {
    vi.stubGlobal('navigator', { userAgent: FIREFOX });
    for (const failures of [0, 1, 16, 33]) expect(reach(ADDRESS, failures, 1_000, undefined)).toBeUndefined();
    expect(asked).not.toHaveBeenCalled();
  });

  test('nothing is asked in browsers that do not delay it, nor where there is none', () => {
    vi.stubGlobal('navigator', { userAgent: CHROMIUM });
    expect(reach(ADDRESS, 5, 1_000, undefined)).toBeUndefined();
    vi.stubGlobal('navigator', undefined);
    expect(reach(ADDRESS, 5, 1_000, undefined)).toBeUndefined();
    expect(asked).not.toHaveBeenCalled();
  });

  test('a server that does not answer the request is tried', async () => {
    vi.stubGlobal('navigator', { userAgent: FIREFOX });
    vi.useFakeTimers();
    asked.mockReturnValue(new Promise(() => {}));
    const reached = reach(ADDRESS, 5, 10_000, undefined);
    vi.advanceTimersByTime(1_000);
    await reached;
    vi.useRealTimers();
  });

  test('the request is given up when the attempt is cancelled', async () => {
    vi.stubGlobal('navigator', { userAgent: FIREFOX });
    asked.mockReturnValue(new Promise(() => {}));
    const cancel = new AbortController();
    const reached = reach(ADDRESS, 5, 1_000, cancel.signal);
    cancel.abort();
    await expect(reached).rejects.toMatchObject({ code: 'ERR_CLIENT_ABORTED' });
  });
});
