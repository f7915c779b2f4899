import { afterEach, expect, test, vi } from 'vitest';
import { NodeVerdicts } from '../../../../src/sfu/pool/node-verdicts.js';
import type { SfuNode } from '../../../../src/sfu/pool/sfu-node.js';

afterEach(() => void vi.useRealTimers());

test('the others are asked again about a node that only this process did not reach, as it may be down by now', async () => {
  vi.useFakeTimers();
  const verdicts = new NodeVerdicts();
  const node = { serverUrl: '10.0.0.1:50051', isDown: true } as SfuNode;
  let isDown = false;
  verdicts.askOthers = async () => isDown;
  const down = vi.fn();
  verdicts.judge(node, down, () => {});
  await verdicts.pendingOf(node);
  expect(verdicts.isCutOff(node)).toBe(true);
  expect(verdicts.pendingOf(node)).toBeUndefined();
  vi.advanceTimersByTime(6_000);
  await verdicts.pendingOf(node);
  expect([verdicts.isCutOff(node), down.mock.calls.length]).toEqual([true, 0]);
  isDown = true;
  vi.advanceTimersByTime(6_000);
  await verdicts.pendingOf(node);
  expect([verdicts.isCutOff(node), down.mock.calls.length]).toEqual([false, 1]);
});

test('a node that answers again while the others are asked, who reach it, keeps its streams', async () => {
  const verdicts = new NodeVerdicts();
  const node = { serverUrl: '10.0.0.1:50051', isDown: true };
  verdicts.askOthers = async () => false;
  const [down, settled] = [vi.fn(), vi.fn()];
  verdicts.judge(node as SfuNode, down, settled);
  node.isDown = false;
  await verdicts.pendingOf(node as SfuNode);
  expect([down.mock.calls.length, settled.mock.calls.length]).toEqual([0, 0]);
});

test('what the others say of an earlier failure does not count while they are asked about a newer one', async () => {
  const verdicts = new NodeVerdicts();
  const node = { serverUrl: '10.0.0.1:50051', isDown: true } as SfuNode;
  const answers: ((isDown: boolean) => void)[] = [];
  verdicts.askOthers = () => new Promise((resolve) => answers.push(resolve));
  const [before, now] = [vi.fn(), vi.fn()];
  verdicts.judge(node, before, () => {});
  verdicts.cameUp(node);
  verdicts.judge(node, now, () => {});
  answers[0]?.(true);
  await new Promise(setImmediate);
  expect(before).not.toHaveBeenCalled();
  const pending = verdicts.pendingOf(node);
  answers[1]?.(false);
  await pending;
  expect([verdicts.isCutOff(node), now.mock.calls.length]).toEqual([true, 0]);
});
