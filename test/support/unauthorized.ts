/** What an application throws that keeps a client out; of its message the client must learn nothing. */
export function unauthorized(message: string): Error {
  return Object.assign(new Error(message), { status: 401 });
}
