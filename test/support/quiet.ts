import { vi } from 'vitest';

/** A relay without a logger writes warnings to stderr: tests cause many, and read those that they mean by a logger. */
const write = process.stderr.write.bind(process.stderr);
vi.spyOn(process.stderr, 'write').mockImplementation((chunk, ...rest) =>
  String(chunk).startsWith('sfu-relay ') ? true : write(chunk as string, ...(rest as [])),
);
