/** Text of others, made fit to be shown to somebody who decides by it. Pure. */

/** What others say must not move the cursor, nor turn the direction of the text; line feeds and tabs stay. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, (character) => /[\n\t]/.test(character) ? character : "\uFFFD");
}
