import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'vitest';

/** The parts that npm doesn't install: Go builds the real Ion SFU, curl runs examples. */
export type Real =
  | 'ion'
  | 'go'
  | 'chromium'
  | 'firefox'
  | 'curl'
  | 'redis'
  | 'aiortc'
  | 'gstreamer'
  | 'nginx'
  | 'haproxy'
  | 'caddy'
  | 'coturn'
  | 'prometheus'
  | 'openssl'
  | 'grpcio';

const wanted: Record<Real, { find: () => string | undefined; install: string }> = {
  ion: {
    find: goPath,
    install: 'Go 1.19 or later (Debian: apt-get install golang-go, or https://go.dev/dl)',
  },
  chromium: {
    find: chromiumPath,
    install: 'Chromium (Debian: apt-get install chromium) or its path in CHROMIUM_PATH',
  },
  firefox: {
    find: firefoxPath,
    install: 'Firefox (Debian: apt-get install firefox-esr) or its path in FIREFOX_PATH',
  },
  redis: { find: redisPath, install: 'redis-server (Debian: apt-get install redis-server)' },
  aiortc: {
    find: aiortcPath,
    install: 'aiortc (scripts/install-aiortc.sh), or a Python that has it in AIORTC_PYTHON',
  },
  gstreamer: {
    find: gstreamerPath,
    install:
      'webrtcbin of GStreamer (Debian: apt-get install python3-gi python3-websockets gir1.2-gst-plugins-bad-1.0 ' +
      'gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-nice), or a Python that ' +
      'has it in GSTREAMER_PYTHON',
  },
  go: { find: goPath, install: 'Go 1.19 or later (Debian: apt-get install golang-go)' },
  nginx: {
    find: () => serverPath('nginx'),
    install: 'nginx with HTTP/2 and gRPC (Debian: apt-get install nginx-light)',
  },
  haproxy: { find: () => serverPath('haproxy'), install: 'HAProxy (Debian: apt-get install haproxy)' },
  caddy: { find: () => serverPath('caddy'), install: 'Caddy (Debian: apt-get install caddy)' },
  coturn: { find: () => serverPath('turnserver'), install: 'coturn (Debian: apt-get install coturn)' },
  prometheus: {
    find: () => serverPath('prometheus') && serverPath('promtool'),
    install: 'Prometheus (Debian: apt-get install prometheus)',
  },
  openssl: { find: () => onPath('openssl'), install: 'OpenSSL (Debian: apt-get install openssl)' },
  grpcio: {
    find: grpcioPath,
    install:
      'grpcio (python3 -m venv .cache/grpcio, .cache/grpcio/bin/pip install -r test/interop/grpcio/requirements.txt)',
  },
  curl: { find: () => onPath('curl'), install: 'curl (Debian: apt-get install curl)' },
};

/** The `go` command, or undefined. */
export function goPath(): string | undefined {
  return onPath('go');
}

/** The `redis-server` command, or undefined. */
export function redisPath(): string | undefined {
  return onPath('redis-server');
}

type Server = 'nginx' | 'haproxy' | 'caddy' | 'turnserver' | 'prometheus' | 'promtool';

/** A server's command: Debian has them in a folder that is not on every user's PATH. */
export function serverPath(command: Server): string | undefined {
  return onPath(command) ?? [join('/usr/sbin', command)].find(isExecutable);
}

/** A Python that has grpcio: GRPCIO_PYTHON, or that of .cache/grpcio. */
export function grpcioPath(): string | undefined {
  const own =
    process.env.GRPCIO_PYTHON || fileURLToPath(new URL('../../.cache/grpcio/bin/python', import.meta.url));
  return isExecutable(own) ? own : undefined;
}

/** Chromium or Chrome: CHROMIUM_PATH, or the first on PATH. */
export function chromiumPath(): string | undefined {
  return named('CHROMIUM_PATH', ['chromium', 'chromium-browser', 'google-chrome']);
}

/** Firefox: FIREFOX_PATH, or the first on PATH. */
export function firefoxPath(): string | undefined {
  return named('FIREFOX_PATH', ['firefox-esr', 'firefox']);
}

/** A Python with aiortc: AIORTC_PYTHON, or that of the environment that scripts/install-aiortc.sh makes. */
export function aiortcPath(): string | undefined {
  const environment = fileURLToPath(new URL('../../.cache/aiortc/bin/python', import.meta.url));
  return pythonWith(native('check_aiortc.py'), [process.env.AIORTC_PYTHON, environment]);
}

/** A Python with GStreamer's webrtcbin: GSTREAMER_PYTHON, or Debian's. */
export function gstreamerPath(): string | undefined {
  return pythonWith(native('check_webrtcbin.py'), [process.env.GSTREAMER_PYTHON, '/usr/bin/python3']);
}

const native = (file: string) => fileURLToPath(new URL(`../native/${file}`, import.meta.url));

const pythons = new Map<string, string | undefined>();

/** The first one that runs the script to a good end. */
function pythonWith(check: string, candidates: readonly (string | undefined)[]): string | undefined {
  if (!pythons.has(check))
    pythons.set(
      check,
      candidates.find((python) => python && runs(python, check)),
    );
  return pythons.get(check);
}

function runs(python: string, script: string): boolean {
  try {
    execFileSync(python, [script], { stdio: 'ignore', timeout: 30_000 });
    return true;
  } catch {
    return false;
  }
}

/**
 * `describe` for suites that need real parts. Where one is missing the suite is skipped and its name says what to
 * install; with SFU_RELAY_REAL=require, as in CI, it fails instead.
 */
export function describeReal(needs: readonly Real[], title: string, suite: () => void): void {
  const missing = needs.filter((real) => wanted[real].find() === undefined);
  if (missing.length === 0) {
    describe(title, suite);
    return;
  }
  const hint = `needs ${missing.map((real) => wanted[real].install).join(' and ')}`;
  if (process.env.SFU_RELAY_REAL === 'require') {
    describe(title, () => {
      test(hint, () => {
        throw new Error(`${title}: ${hint}`);
      });
    });
    return;
  }
  describe.skipIf(true)(`${title} (${hint})`, suite);
}

/** What a variable of the environment names, else the first of the commands that is on PATH. */
function named(variable: string, commands: readonly string[]): string | undefined {
  const path = process.env[variable];
  if (path) return isExecutable(path) ? path : undefined;
  return commands.map(onPath).find(Boolean);
}

function onPath(command: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, command)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
