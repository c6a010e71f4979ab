/** What is sent to a channel: one message about one notice. Pure. */
import { duration } from "../../page/logic/format.ts";
import type { Rule } from "../../notice_wire.ts";
import type { Tell } from "./transition.ts";

/** Times are epoch seconds. */
export interface NoticeMessage {
  /** The same each time that this message is sent: a receiver that has seen it can ignore it. */
  readonly id: string;
  readonly what: Tell["what"] | "test";
  readonly rule: string;
  readonly subject: string;
  readonly title: string;
  readonly text: string;
  readonly since: number;
  readonly time: number;
  readonly count: number;
}

/** @param now epoch seconds */
export function messageOf(id: string, rule: Rule, subject: string, tell: Tell, now: number): NoticeMessage {
  const { what, since, count } = tell;
  return {
    id,
    what,
    rule: rule.name,
    subject,
    title: `${what === "ends" ? "Over: " : what === "repeats" ? "Still: " : ""}${rule.name}: ${subject}`,
    text: wordsOf(tell, now),
    since,
    time: now,
    count,
  };
}

export function testMessage(id: string, rule: string, now: number): NoticeMessage {
  return {
    id,
    what: "test",
    rule,
    subject: "test",
    title: `Test: ${rule}`,
    text: "This is a test of the dashboard's notices. Nothing has happened",
    since: now,
    time: now,
    count: 1,
  };
}

function wordsOf({ what, text, since, count }: Tell, now: number): string {
  const times = count > 1 ? ` (${count} times)` : "";
  const lasted = duration(now - since);
  switch (what) {
    case "begins":
      return now - since < 1 ? `${text}${times}` : `${text}, for ${lasted}${times}`;
    case "repeats":
      return `${text}, for ${lasted} now${times}`;
    case "ends":
      return `It is over after ${lasted}: ${text}${times}`;
    default:
      return what satisfies never;
  }
}
