/** The entries of the chat. Text from others is never treated as markup. */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { ActionDto, ResultDto } from "../../chat_wire.ts";
import type { ChatEntry, Decision } from "../logic/chat_log.ts";
import { Button } from "./basics.tsx";

type OnAnswer = (id: string, yes: boolean) => void;

export function ChatEntryView(
  { entry, onAnswer }: { readonly entry: ChatEntry; readonly onAnswer: OnAnswer },
): JSX.Element {
  switch (entry.kind) {
    case "you":
    case "words":
      return (
        <div class={`chat-said chat-${entry.kind}`}>
          <span class="unseen">{entry.kind === "you" ? "You: " : "Model: "}</span>
          {entry.text}
        </div>
      );
    case "note":
    case "error":
      return <p class={`chat-${entry.kind}`}>{entry.text}</p>;
    case "result":
      return <Result ok={entry.ok} result={entry.result} />;
    case "action":
      return <ActionCard action={entry.action} decision={entry.decision} onAnswer={onAnswer} />;
    default:
      return entry satisfies never;
  }
}

function Result({ ok, result }: { readonly ok: boolean; readonly result: ResultDto }): JSX.Element {
  if (result.kind === "lines") {
    return (
      <pre class={`code-block chat-result${ok ? "" : " chat-result-bad"}`}>{result.lines.join("\n")}</pre>
    );
  }
  return (
    <div class="chat-table">
      <table>
        <thead>
          <tr>{result.titles.map((title) => <th key={title} scope="col">{title}</th>)}</tr>
        </thead>
        <tbody>
          {result.rows.map((row, index) => (
            <tr key={index}>{row.map((cell, column) => <td key={column}>{cell}</td>)}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const DECIDED: Readonly<Record<Exclude<Decision, "open">, string>> = {
  yes: "You said yes.",
  no: "You said no: nothing was done.",
  withdrawn: "Not answered: nothing was done.",
};

function ActionCard(
  { action: { id, title, lines }, decision, onAnswer }: {
    readonly action: ActionDto;
    readonly decision: Decision;
    readonly onAnswer: OnAnswer;
  },
): JSX.Element {
  const head = useRef<HTMLHeadingElement>(null);
  const isOpen = decision === "open";
  useEffect(() => {
    // Focus the heading, not a button, so that somebody who is typing does not answer by accident.
    if (isOpen) head.current?.focus({ preventScroll: true });
  }, []);
  return (
    <section class={`chat-action${isOpen ? " chat-action-open" : ""}`} aria-labelledby={`action-${id}`}>
      <h3 id={`action-${id}`} ref={head} tabIndex={-1}>{title}</h3>
      <pre class="code-block" tabIndex={0} aria-label="The action in full">{lines.join("\n")}</pre>
      {isOpen
        ? (
          <div class="chat-answers">
            <span>Do this?</span>
            <Button tone="primary" label="Yes" onClick={() => onAnswer(id, true)} />
            <Button label="No" onClick={() => onAnswer(id, false)} />
          </div>
        )
        : <p class="note">{DECIDED[decision]}</p>}
    </section>
  );
}
