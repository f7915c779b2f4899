/** What became of numbered messages at somebody. */
export interface ChatFaults {
  lost: string[];
  doubled: string[];
  reordered: string[];
}

/**
 * @param texts `<user> <number>`, in the order in which somebody has received them
 * @param written how many each user has written, from number 0
 */
export function checkChat(texts: readonly string[], written: ReadonlyMap<string, number>): ChatFaults {
  const faults: ChatFaults = { lost: [], doubled: [], reordered: [] };
  const last = new Map<string, number>();
  const seen = new Set<string>();
  for (const text of texts) {
    const [user = '', number] = text.split(' ');
    if (seen.has(text)) faults.doubled.push(text);
    else if (Number(number) < (last.get(user) ?? -1)) faults.reordered.push(text);
    else last.set(user, Number(number));
    seen.add(text);
  }
  for (const [user, count] of written)
    for (let n = 0; n < count; n += 1) if (!seen.has(`${user} ${n}`)) faults.lost.push(`${user} ${n}`);
  return faults;
}
