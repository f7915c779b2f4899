import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { describeReal, type Real } from '../support/real.js';
import { CASES, type Case, type ClientName, Scene } from './cases.js';
import { DOCUMENT, withTable } from './documentation.js';
import { Gate } from './gate.js';
import {
  type Running,
  startGo,
  startGrpcio,
  startGrpcJs,
  startHaproxy,
  startNginx,
  startRaw,
  type Wishes,
} from './servers.js';

interface ServerKind {
  name: string;
  needs: Real[];
  start(wishes: Wishes): Promise<Running>;
  /** What of a case's wishes it cannot do. */
  lacks: (keyof Wishes)[];
}

const SERVERS: ServerKind[] = [
  { name: 'grpc-go', needs: ['go'], start: startGo, lacks: [] },
  { name: 'grpc-js', needs: [], start: startGrpcJs, lacks: ['window', 'gzip', 'hatesPings'] },
  { name: 'grpcio', needs: ['grpcio'], start: startGrpcio, lacks: ['window', 'gzip'] },
  { name: 'nginx', needs: ['nginx', 'go'], start: startNginx, lacks: ['hatesPings'] },
  { name: 'HAProxy', needs: ['haproxy', 'go'], start: startHaproxy, lacks: ['leavesSoon', 'hatesPings'] },
  { name: 'frames', needs: [], start: startRaw, lacks: ['window', 'hatesPings'] },
];
const CLIENTS: ClientName[] = ['http2', 'grpc-js'];

const passed = new Set<string>();
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const can = ({ lacks }: ServerKind, { wishes = {} }: Case) => !lacks.some((wish) => wish in wishes);
const cell = (...names: string[]) => names.join(' · ');

for (const server of SERVERS) {
  describeReal(server.needs, `with ${server.name}`, () => {
    for (const client of CLIENTS) {
      for (const one of CASES.filter((each) => can(server, each))) {
        test(`by ${client}: ${one.title}`, async () => {
          const running = await server.start(one.wishes ?? {});
          cleanups.push(() => running.stop());
          const gate = await Gate.before(running.address);
          cleanups.push(() => gate.close());
          const scene = new Scene(gate, client, one.options);
          cleanups.push(() => scene.node.close());
          await one.run(scene);
          passed.add(cell(server.name, one.title, client));
        });
      }
    }
  });
}

describeReal(['go', 'grpcio', 'nginx', 'haproxy'], 'the table in docs/GRPC.md', () => {
  test('says what has passed (INTEROP_TABLE=write writes it)', () => {
    const header = `| case | ${SERVERS.flatMap(({ name }) => CLIENTS.map((client) => `${name}<br>${client}`)).join(' | ')} |`;
    const line = `|---|${'---|'.repeat(SERVERS.length * CLIENTS.length)}`;
    const rows = CASES.map((one) => {
      const cells = SERVERS.flatMap((server) =>
        CLIENTS.map((client) =>
          !can(server, one) ? '—' : passed.has(cell(server.name, one.title, client)) ? '✓' : '✗',
        ),
      );
      return `| ${one.title} | ${cells.join(' | ')} |`;
    });
    const document = readFileSync(DOCUMENT, 'utf8');
    const updated = withTable(document, [header, line, ...rows].join('\n'));
    if (process.env.INTEROP_TABLE === 'write') writeFileSync(DOCUMENT, updated);
    else expect(document).toBe(updated);
  });
});
