/** Makes text from others safe to show to a person who bases decisions on it. Pure. */

/** Characters that move the cursor, change the text direction, are invisible, or end a line in some programs. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Removes everything that would control the reader's terminal; line feeds and tabs stay. */
export function printable(text: string): string {
  return text.replace(HIDDEN, (character) => /[\n\t]/.test(character) ? character : "\uFFFD");
}

/** The same on one line: nothing in the text can make it look like two. */
export function oneLine(text: string): string {
  return printable(text.trimEnd().replace(/\r?\n/g, " ⏎ ").replaceAll("\t", " "));
}

/** JSON with those characters escaped: the same value for a program, and safe to show to a person. */
export function printableJson(value: unknown, indent?: number): string {
  const json = JSON.stringify(value, undefined, indent) ?? "null";
  return json.replace(HIDDEN, (character) => character === "\n" ? character : escaped(character));
}

function escaped(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
}
