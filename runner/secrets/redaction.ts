/** Removes secrets from everything an agent says before it is passed on. */
import type { AgentFrame } from "../../protocol/frames.ts";
import type { ProcessListener } from "../supervisor/ports.ts";

export type Redact = (text: string) => string;

/** Shorter lines of a secret (`}`, `-----`) are not redacted. */
const MIN_LINE_CHARS = 8;

/** @param values secrets by name; a secret is replaced by its name: `‹NAME›` */
export function redactor(values: ReadonlyMap<string, string>): Redact {
  const forms = [...values].flatMap(([name, value]) =>
    formsOf(value).map((form) => ({ form, mark: `‹${name}›` }))
  );
  // Longest first: a secret may contain another.
  forms.sort((a, b) => b.form.length - a.form.length);
  return (text) => forms.reduce((rest, { form, mark }) => rest.replaceAll(form, () => mark), text);
}

/** The forms to look for: verbatim, line by line, inside JSON (also nested twice), in a console's other quotes, in a URL. */
function formsOf(value: string): string[] {
  const lines = value.split(/\r?\n/).map((line) => line.trim()).filter((line) =>
    line.length >= MIN_LINE_CHARS
  );
  const plain = [value, ...lines];
  const escaped = plain.flatMap((text) => {
    const once = JSON.stringify(text).slice(1, -1);
    const inOtherQuotes = text.split('"').map((part) => JSON.stringify(part).slice(1, -1)).join('"');
    return [once, inOtherQuotes, JSON.stringify(once).slice(1, -1), encodeURIComponent(text)];
  });
  return [...new Set([...plain, ...escaped])];
}

/** Redacts everything an agent says; `redact` is for the lines that its process prints. */
export function redacting(
  listener: ProcessListener,
  redact: Redact,
): ProcessListener & { readonly redact: Redact } {
  return {
    redact,
    onFrame: (frame) => listener.onFrame(redactFrame(frame, redact)),
    onOutput: (stream, line) => listener.onOutput(stream, redact(line)),
    // The text may end in the middle of a secret.
    onHeld: (message) => listener.onHeld(message),
    onOversize: (_start, limit) => listener.onOversize("(not shown: the agent has secrets)", limit),
  };
}

function redactFrame(frame: AgentFrame, redact: Redact): AgentFrame {
  if (frame.t === "publish" && "base64" in frame) {
    const text = textIn(frame.base64);
    const clean = text === undefined ? undefined : redact(text);
    if (clean !== undefined && clean !== text) {
      const { base64: _base64, ...rest } = frame;
      return { ...rest, topic: redact(rest.topic), text: clean };
    }
  }
  return redactAll(frame, redact) as AgentFrame;
}

function redactAll(value: unknown, redact: Redact): unknown {
  if (typeof value === "string") return redact(value);
  if (Array.isArray(value)) return value.map((item) => redactAll(item, redact));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [redact(key), redactAll(item, redact)]),
  );
}

/** Any bytes as text, in such a way that a match in the text is a match in the bytes. */
function textIn(base64: string): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.fromBase64(base64));
  } catch {
    // Not text or not base64: it cannot contain a secret in a known form.
    return undefined;
  }
}
