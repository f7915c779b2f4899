/** Reads a member of a value of the application. Its getter, or the trap of a Proxy, may throw. */
export function readMember(value: unknown, name: string | symbol): unknown {
  try {
    return Reflect.get(Object(value), name);
  } catch {
    return undefined;
  }
}
