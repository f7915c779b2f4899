const BAD_WORDS = /\b(?:darn|heck)\b/gi;

/** Use a moderation service here if you have one: a hook may be asynchronous. */
export function withoutBadWords(text: string): string {
  return text.replace(BAD_WORDS, '****');
}
