import { readFile, rm } from 'node:fs/promises';
import type { Page } from 'playwright-core';

/**
 * What a program never makes itself: V8 compiles what has run often, for as long as it goes on running, and keeps with it
 * what it has seen of it, and the layouts of the objects there. That grows for hours, ever slower, and nothing leaks. (Chromium
 * keeps some hundred bytes of each media element that ever played, in classes that have no name in a page: `blink::…`.)
 */
const OF_THE_ENGINE = new Set(['code', 'hidden', 'object shape']);

/** As much of a heap snapshot as is needed: `nodes` has as many numbers for each node as there are `node_fields`. */
interface Snapshot {
  snapshot: { meta: { node_fields: string[]; node_types: [string[], ...unknown[]] } };
  nodes: number[];
  strings: string[];
}

/** KiB that a heap's live objects take: those of the script, strings and buffers, and what they hold of the browser's. */
function objectsOf(snapshot: string): number {
  const { nodes, strings, snapshot: head }: Snapshot = JSON.parse(snapshot);
  const { node_fields: fields, node_types: types } = head.meta;
  const [type, name, size] = ['type', 'name', 'self_size'].map((field) => fields.indexOf(field));
  let bytes = 0;
  for (let at = 0; at < nodes.length; at += fields.length) {
    const field = (index = 0) => nodes[at + index] ?? 0;
    const isMade =
      !OF_THE_ENGINE.has(types[0][field(type)] ?? '') && !strings[field(name)]?.startsWith('blink::');
    if (isMade) bytes += field(size);
  }
  return bytes / 1024;
}

/** V8 collects all garbage before a snapshot. */
export async function heapOfRelay(port: number): Promise<number> {
  const url = `http://127.0.0.1:${port}/heap`;
  const file = await (await fetch(url, { signal: AbortSignal.timeout(60_000) })).text();
  const snapshot = await readFile(file, 'utf8');
  await rm(file);
  return objectsOf(snapshot);
}

/** Garbage of the browser's and of the script's that hold each other goes one after the other. */
export async function heapOfPage(page: Page): Promise<number> {
  const tools = await page.context().newCDPSession(page);
  for (let round = 0; round < 3; round += 1) await tools.send('HeapProfiler.collectGarbage');
  let snapshot = '';
  tools.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => {
    snapshot += chunk;
  });
  await tools.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false });
  await tools.detach();
  return objectsOf(snapshot);
}
