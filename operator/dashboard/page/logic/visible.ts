/** Escapes invisible characters that hide text or reverse its direction. Pure. */

/**
 * Control and format characters: they change the text direction (bidirectional), join or hide text, or carry invisible
 * text (tags). Line feeds and tabs are kept.
 */
const UNSEEN = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;
const STAYS: ReadonlySet<string> = new Set(["\n", "\t", "\r"]);
/** Zero-width joiner: combines several emoji into one. */
const JOINER = "\u200d";

/** `\u202e` for a right-to-left override, `\x1b` for an escape. */
export function visible(text: string): string {
  return text.replace(UNSEEN, (character, at: number) => {
    if (STAYS.has(character)) return character;
    if (character === JOINER && joinsEmoji(text, at)) return character;
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x100) return `\\x${code.toString(16).padStart(2, "0")}`;
    return code < 0x10000 ? `\\u${code.toString(16).padStart(4, "0")}` : `\\u{${code.toString(16)}}`;
  });
}

const EMOJI = /^\p{Extended_Pictographic}$/u;
/** What may stand between an emoji and the joiner: a skin tone or a variation selector. */
const EMOJI_STYLE = /^(?:\p{Emoji_Modifier}|\ufe0f)$/u;

function joinsEmoji(text: string, at: number): boolean {
  const before = [...text.slice(Math.max(0, at - 2), at)].at(-1) ?? "";
  const [after = ""] = text.slice(at + 1, at + 3);
  return (EMOJI.test(before) || EMOJI_STYLE.test(before)) && EMOJI.test(after);
}
