/** The chat: every action is shown in full and waits for a yes. */
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { openAction } from "../logic/chat_log.ts";
import { Button, Empty, PageHead } from "../parts/basics.tsx";
import { ChatEntryView } from "../parts/chat_entries.tsx";
import { useApp } from "../state/app.ts";

export function ChatView(): JSX.Element {
  const { chat } = useApp();
  const { model } = chat.log.value;
  useEffect(() => chat.connect(), []);
  return (
    <div class="view view-fill">
      <PageHead
        title="Chat"
        note={model === undefined
          ? "Every action is shown, and asked for, before it is taken"
          : model === null
          ? "No model is set: plain sentences, /help says which"
          : `Model: ${model}`}
      />
      <section class="panel chat" aria-label="Conversation">
        <Entries />
        <Composer />
      </section>
    </div>
  );
}

/** How far from its end the list may be scrolled and still follow new entries, pixels. */
const NEAR_END = 40;

function Entries(): JSX.Element {
  const { chat } = useApp();
  const list = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  const log = chat.log.value;
  useLayoutEffect(() => {
    if (follows.current && list.current !== null) list.current.scrollTop = list.current.scrollHeight;
  }, [log.entries]);
  return (
    <div
      ref={list}
      class="chat-list"
      role="log"
      aria-live="polite"
      aria-label="What was said"
      // Screen readers announce streamed text once it is complete, and a waiting action at once.
      aria-busy={log.isBusy && openAction(log) === undefined}
      tabIndex={0}
      onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) =>
        follows.current = scrollHeight - scrollTop - clientHeight < NEAR_END}
    >
      {log.entries.length === 0 && (
        <Empty title="Say what to do">
          “What is running?”, “spawn a cpu agent on edge-1 every 30 seconds”, “move counter to edge-2”.
        </Empty>
      )}
      {log.entries.map((entry) => (
        <ChatEntryView
          key={entry.key}
          entry={entry}
          onAnswer={(id, yes) => chat.answer(id, yes)}
        />
      ))}
    </div>
  );
}

/** Name of the draft for the sentence being typed. */
const DRAFT = "chat";

function Composer(): JSX.Element {
  const { chat, drafts } = useApp();
  const text = drafts.get(DRAFT);
  const field = useRef<HTMLTextAreaElement>(null);
  const { isBusy } = chat.log.value;
  const waits = openAction(chat.log.value) !== undefined;
  useEffect(() => {
    // Return the focus from the buttons of an answered action.
    if (!waits && document.activeElement === document.body) field.current?.focus();
  }, [waits]);
  const send = () => {
    if (chat.say(text)) drafts.set(DRAFT, "");
  };
  return (
    <form
      class="chat-form"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        ref={field}
        class="input"
        rows={2}
        aria-label="Sentence"
        placeholder="Enter sends, Shift and Enter start a line"
        maxLength={20_000}
        value={text}
        onInput={({ currentTarget }) => drafts.set(DRAFT, currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          send();
        }}
      />
      {isBusy
        ? <Button icon="stop" label="Stop" onClick={() => chat.stop()} />
        : <Button type="submit" tone="primary" label="Send" disabled={text.trim() === ""} />}
    </form>
  );
}
