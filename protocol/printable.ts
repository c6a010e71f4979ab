/** Text of others, made fit to be shown to somebody who decides by it. Pure. */

/** Moves the cursor, turns the direction of the text, cannot be seen, or ends a line in some programs. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** What others say must not act on the reader's terminal; line feeds and tabs stay. */
export function printable(text: string): string {
  return text.replace(HIDDEN, (character) => /[\n\t]/.test(character) ? character : "\uFFFD");
}

/** The same in one line, which nothing in it can pass off as two. */
export function oneLine(text: string): string {
  return printable(text.trimEnd().replace(/\r?\n/g, " ⏎ ").replaceAll("\t", " "));
}

/** JSON in which all of that is written as an escape: the same value for a program, and harmless where a person sees it. */
export function printableJson(value: unknown, indent?: number): string {
  const json = JSON.stringify(value, undefined, indent) ?? "null";
  return json.replace(HIDDEN, (character) => character === "\n" ? character : escaped(character));
}

function escaped(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
}
