let newest: object | undefined;
let text = '';

/**
 * The JSON of an object that does not change any more. Caches the newest only: a message is measured for the history, and then told
 * to everybody, before the next one.
 */
export function jsonText(value: object): string {
  if (value !== newest) {
    text = JSON.stringify(value);
    newest = value;
  }
  return text;
}
