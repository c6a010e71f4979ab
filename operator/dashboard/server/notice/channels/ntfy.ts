/** ntfy: push messages to phones, by https://ntfy.sh or a server of one's own. */
import type { NoticeMessage } from "../message.ts";
import type { Channel } from "./channel.ts";
import { postJson } from "./http_post.ts";

export interface NtfySettings {
  /** The topic's URL, such as `https://ntfy.sh/my-topic`. */
  readonly url: string;
  readonly token: string | undefined;
}

const TAGS: Readonly<Record<NoticeMessage["what"], string>> = {
  begins: "warning",
  repeats: "warning",
  ends: "white_check_mark",
  test: "bell",
};
const DEFAULT_PRIORITY = 3;
const HIGH_PRIORITY = 4;

/** Published as JSON to the server's root, because headers cannot hold all characters. */
export function ntfy({ url, token }: NtfySettings): Channel {
  const { origin, pathname } = new URL(url);
  const at = pathname.lastIndexOf("/");
  const [root, topic] = [origin + pathname.slice(0, at + 1), decodeURIComponent(pathname.slice(at + 1))];
  return {
    kind: "ntfy",
    send: ({ title, text, what }, signal) =>
      postJson({
        url: root,
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
        body: {
          topic,
          title,
          message: text,
          tags: [TAGS[what]],
          priority: what === "begins" || what === "repeats" ? HIGH_PRIORITY : DEFAULT_PRIORITY,
        },
      }, signal),
  };
}
