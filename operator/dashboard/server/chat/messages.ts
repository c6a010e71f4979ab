/** Parses the chat messages of a page. Pure. */
import { isJsonObject } from "../../../../protocol/json.ts";
import type { ChatBrowserMessage } from "../../chat_wire.ts";

/** Maximum characters of a sentence: room for the pasted code of an agent. */
export const MAX_SENTENCE_CHARS = 20_000;
/** Maximum characters of a message: JSON escaping may double the sentence. */
export const MAX_MESSAGE_CHARS = 2 * MAX_SENTENCE_CHARS + 200;

/** @returns `undefined` for a message that the page would not send */
export function parseChatMessage(text: string): ChatBrowserMessage | undefined {
  if (text.length > MAX_MESSAGE_CHARS) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isJsonObject(json)) return undefined;
  switch (json.type) {
    case "say":
      return typeof json.text === "string" && json.text.trim() !== "" &&
          json.text.length <= MAX_SENTENCE_CHARS
        ? { type: "say", text: json.text }
        : undefined;
    case "answer":
      return typeof json.id === "string" && typeof json.yes === "boolean"
        ? { type: "answer", id: json.id, yes: json.yes }
        : undefined;
    case "stop":
      return { type: "stop" };
    default:
      return undefined;
  }
}
