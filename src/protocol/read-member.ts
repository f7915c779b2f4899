/** A member of what the application has thrown or returned: it may be a getter that throws, the object a Proxy. */
export function readMember(value: unknown, name: string | symbol): unknown {
  try {
    return Reflect.get(Object(value), name);
  } catch {
    return undefined;
  }
}
