/** A button that copies text and confirms it. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Icon } from "./icons.tsx";

const SAID_MS = 1500;

export function CopyButton(
  { label, text }: { readonly label: string; readonly text: () => string },
): JSX.Element {
  const [outcome, setOutcome] = useState<"copied" | "failed" | null>(null);
  useEffect(() => {
    if (outcome === null) return;
    const timer = setTimeout(() => setOutcome(null), SAID_MS);
    return () => clearTimeout(timer);
  }, [outcome]);
  const copy = async (event: Event) => {
    event.stopPropagation();
    setOutcome(await written(text()) ? "copied" : "failed");
  };
  const words = outcome === null
    ? label
    : outcome === "copied"
    ? "Copied"
    : "The browser does not let it be copied";
  return (
    <button
      type="button"
      class="button button-ghost button-icon copy"
      aria-label={words}
      title={words}
      data-outcome={outcome ?? undefined}
      onClick={(event) => void copy(event)}
    >
      <Icon name={outcome === "copied" ? "check" : outcome === "failed" ? "close" : "copy"} />
    </button>
  );
}

/** @returns whether it is in the clipboard */
async function written(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Browsers offer the clipboard API only over HTTPS or on localhost: fall back to selecting the text.
    return writtenByHand(text);
  }
}

function writtenByHand(text: string): boolean {
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "unseen";
  document.body.append(field);
  field.select();
  const isDone = document.execCommand("copy");
  field.remove();
  return isDone;
}
