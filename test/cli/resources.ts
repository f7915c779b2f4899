import { afterEach } from 'vitest';

/** What a test has started; ended after it, the last one first. */
export function useResources(): <Resource>(
  resource: Resource,
  end: (resource: Resource) => unknown,
) => Resource {
  const ends: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  return (resource, end) => {
    ends.push(() => end(resource));
    return resource;
  };
}
