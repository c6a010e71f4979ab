/** The pure parts of the dashboard's chat: what is read, what is shown, and whose yes counts. */
import { assert, assertEquals } from "@std/assert";
import { type ChatServerMessage } from "../../../../operator/dashboard/chat_wire.ts";
import {
  type ChatLog,
  decided,
  EMPTY_LOG,
  ended,
  MAX_ENTRIES,
  openAction,
  received,
  said,
} from "../../../../operator/dashboard/page/logic/chat_log.ts";
import { MAX_SENTENCE_CHARS, parseChatMessage } from "../../../../operator/dashboard/server/chat/messages.ts";
import { Talk } from "../../../../operator/dashboard/server/chat/talk.ts";
import { PagePerson } from "../../../../operator/dashboard/server/chat/page_person.ts";

const ask = (id: string): ChatServerMessage => ({
  type: "ask",
  action: { id, title: "Stop", lines: ["name: a"] },
});
const told = (log: ChatLog, ...messages: readonly ChatServerMessage[]) => messages.reduce(received, log);

Deno.test("what is no message of the page is not read", () => {
  const refused = [
    "",
    "null",
    "[]",
    '{"type":"say"}',
    '{"type":"say","text":"  "}',
    `{"type":"say","text":"${"x".repeat(MAX_SENTENCE_CHARS + 1)}"}`,
    '{"type":"answer","id":"a"}',
    '{"type":"answer","id":"a","yes":1}',
    '{"type":"answer","id":7,"yes":true}',
    '{"type":"hello"}',
  ];
  for (const text of refused) assertEquals(parseChatMessage(text), undefined, text.slice(0, 60));
  assertEquals(parseChatMessage('{"type":"say","text":"list nodes","x":1}'), {
    type: "say",
    text: "list nodes",
  });
  assertEquals(parseChatMessage('{"type":"answer","id":"a","yes":false}'), {
    type: "answer",
    id: "a",
    yes: false,
  });
  assertEquals(parseChatMessage('{"type":"stop"}'), { type: "stop" });
});

Deno.test("only a yes with the id of the open question is one, once; the end of the turn is a no", async () => {
  const sent: ChatServerMessage[] = [];
  const person = new PagePerson((message) => sent.push(message));
  const turn = new AbortController();
  const idOf = (message: ChatServerMessage | undefined) => message?.type === "ask" ? message.action.id : "";
  const view = { title: "Stop\u202E", lines: ["name: a\u001b[2J"] };
  const first = person.agrees(view, turn.signal);
  const asked = sent.at(-1);
  assert(asked?.type === "ask");
  assertEquals([asked.action.title, asked.action.lines], ["Stop\uFFFD", ["name: a\uFFFD[2J"]]);
  person.answer("another", true);
  person.answer(idOf(asked), true);
  assertEquals(await first, true);
  const second = person.agrees(view, turn.signal);
  person.answer(idOf(asked), true);
  turn.abort();
  person.answer(idOf(sent.at(-1)), true);
  assertEquals(await second, false);
  assertEquals(await person.agrees(view, turn.signal), false);
});

Deno.test("words that follow each other are one entry; notes and results stand between them", () => {
  const words = (text: string): ChatServerMessage => ({ type: "words", text });
  const log = told(said(EMPTY_LOG, "hi"), words("a"), words("b"), { type: "note", text: "n" }, words("c"));
  assertEquals(log.entries.map((entry) => "text" in entry ? entry.text : ""), ["hi", "ab", "n", "c"]);
  assertEquals(new Set(log.entries.map(({ key }) => key)).size, 4);
  assertEquals([log.isBusy, told(log, { type: "done", ok: true, error: null }).isBusy], [true, false]);
});

Deno.test("an action is open until it is answered, followed by another, or its turn is over", () => {
  const log = told(said(EMPTY_LOG, "stop a"), ask("1"));
  const decisions = (log: ChatLog) =>
    log.entries.flatMap((entry) => entry.kind === "action" ? entry.decision : []);
  assertEquals(openAction(log)?.id, "1");
  assertEquals(decisions(decided(log, "2", true)), ["open"]);
  assertEquals(decisions(decided(log, "1", true)), ["yes"]);
  assertEquals(decisions(decided(decided(log, "1", false), "1", true)), ["no"], "once");
  assertEquals(decisions(told(log, ask("2"))), ["withdrawn", "open"]);
  assertEquals(decisions(told(log, { type: "done", ok: false, error: "Stopped" })), ["withdrawn"]);
  const lost = ended(log, "The connection is lost");
  assertEquals([decisions(lost), lost.isBusy, openAction(lost)], [["withdrawn"], false, undefined]);
});

Deno.test("the page keeps the newest entries alone", () => {
  const notes = Array.from({ length: MAX_ENTRIES + 5 }, (_, index): ChatServerMessage => ({
    type: "note",
    text: String(index),
  }));
  const log = told(EMPTY_LOG, ...notes);
  assertEquals(log.entries.length, MAX_ENTRIES);
  assertEquals(log.entries.at(-1)?.key, MAX_ENTRIES + 5);
});

Deno.test("a turn is stopped also while there is no connection yet, and each has one end", async () => {
  const sent: ChatServerMessage[] = [];
  const ended = Promise.withResolvers<void>();
  const send = (message: ChatServerMessage) => {
    sent.push(message);
    if (message.type === "done") ended.resolve();
  };
  const never = new Promise<never>(() => {});
  using talk = new Talk({ person: new PagePerson(send), open: () => never, send, onQuit: () => {} });
  talk.receive({ type: "say", text: "list nodes" });
  talk.receive({ type: "say", text: "list agents" });
  talk.receive({ type: "stop" });
  await ended.promise;
  assertEquals(sent, [
    { type: "note", text: "One sentence at a time: stop this one first" },
    { type: "done", ok: false, error: "Stopped" },
  ]);
});

Deno.test("a broker that is away is told, and the next sentence tries again", async () => {
  const errors: (string | null)[] = [];
  let ended = Promise.withResolvers<void>();
  const send = (message: ChatServerMessage) => {
    if (message.type !== "done") return;
    errors.push(message.error);
    ended.resolve();
  };
  const open = () => Promise.reject(new Error(`away ${errors.length}`));
  using talk = new Talk({ person: new PagePerson(send), open, send, onQuit: () => {} });
  talk.receive({ type: "say", text: "list nodes" });
  await ended.promise;
  ended = Promise.withResolvers();
  talk.receive({ type: "say", text: "list nodes" });
  await ended.promise;
  assertEquals(errors, ["away 0", "away 1"]);
});
