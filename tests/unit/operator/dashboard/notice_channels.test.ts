/** The ways out of the dashboard, against real servers on this machine. */
import { assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { ConfigError } from "../../../../protocol/config/config_error.ts";
import { DeliveryError } from "../../../../operator/dashboard/server/notice/channels/channel.ts";
import {
  type ChannelSettings,
  openChannel,
  parseChannels,
} from "../../../../operator/dashboard/server/notice/channels/settings.ts";
import { retrySeconds } from "../../../../operator/dashboard/server/notice/courier.ts";
import { messageOf, type NoticeMessage } from "../../../../operator/dashboard/server/notice/message.ts";
import { HookServer } from "../../../support/hook_server.ts";
import { startMailServer } from "../../../support/mail_server.ts";

const MESSAGE: NoticeMessage = {
  id: "4e0d-1-phone",
  what: "begins",
  rule: "nodes",
  subject: "attic",
  title: "nodes: attic\r\nBcc: evil@example.org",
  text: "Node 'attic' is off, for 5m: ☔",
  since: 1_790_000_000,
  time: 1_790_000_300,
  count: 1,
};

function mailBy(server: string): Extract<ChannelSettings, { kind: "email" }> {
  return { kind: "email", server, from: "a@example.org", to: ["b@example.org"] };
}

function send(settings: ChannelSettings, message = MESSAGE): Promise<void> {
  const operator = () => {
    throw new Error("no broker");
  };
  return openChannel(settings, operator).send(message, AbortSignal.timeout(5000));
}

Deno.test("a webhook gets the message as JSON, with its id as idempotency key and the operator's headers", async () => {
  await using hook = new HookServer();
  await send({ kind: "webhook", url: `${hook.url}in`, headers: { authorization: "Bearer secret" } });
  const [posted] = hook.posts;
  assertEquals([posted?.path, posted?.headers.get("authorization")], ["/in", "Bearer secret"]);
  assertEquals(posted?.headers.get("idempotency-key"), MESSAGE.id);
  assertEquals(posted?.json, MESSAGE);
});

Deno.test("ntfy gets title, text and priority in the topic of its URL", async () => {
  await using hook = new HookServer();
  await send({ kind: "ntfy", url: `${hook.url}base/my-topic`, token: "tk_1" });
  const [posted] = hook.posts;
  assertEquals([posted?.path, posted?.headers.get("authorization")], ["/base/", "Bearer tk_1"]);
  const { topic, title, message, priority, tags } = posted?.json ?? {};
  assertEquals([topic, title, message, priority, tags], [
    "my-topic",
    MESSAGE.title,
    MESSAGE.text,
    4,
    ["warning"],
  ]);
});

Deno.test("an answer says whether to try again, and a redirect is not followed with the secrets", async () => {
  await using hook = new HookServer();
  const settings = { kind: "webhook", url: `${hook.url}key/s3cret`, headers: { "x-key": "k" } } as const;
  const kinds: string[] = [];
  for (const status of [500, 429, 404, 302]) {
    hook.status = status;
    hook.location = status === 302 ? `${hook.url}elsewhere` : undefined;
    const error = await assertRejects(() => send(settings), DeliveryError);
    kinds.push(`${status} ${error.kind}`);
    assertEquals(error.message.includes("s3cret"), false, error.message);
  }
  assertEquals(kinds, ["500 passing", "429 passing", "404 final", "302 final"]);
  assertEquals(hook.posts.map(({ path }) => path), Array(4).fill("/key/s3cret"));
});

Deno.test("a server that is not there is tried again", async () => {
  const port = await (async () => {
    await using hook = new HookServer();
    return new URL(hook.url).port;
  })();
  const error = await assertRejects(
    () => send({ kind: "webhook", url: `http://127.0.0.1:${port}/` }),
    DeliveryError,
    "cannot be reached",
  );
  assertEquals(error.kind, "passing");
});

Deno.test("a mail has the id as Message-ID, one recipient list and no header from the title", async () => {
  await using server = await startMailServer();
  await send({ kind: "email", server: server.url, from: "af@example.org", to: ["me@example.org"] });
  const [mail] = server.mails;
  assertEquals(mail?.from, "af@example.org");
  const head = mail?.text.split("\r\n\r\n")[0] ?? "";
  assertMatch(head, /^Message-ID: <4e0d-1-phone@example\.org>$/m);
  assertMatch(head, /^To: me@example\.org$/m);
  assertMatch(head, /^Auto-Submitted: auto-generated$/m);
  assertEquals(/^Bcc:/mi.test(head), false, head);
});

Deno.test("a mail that is refused for good is not sent again, one that is put off is", async () => {
  const kinds: string[] = [];
  for (const code of [550, 451]) {
    await using server = await startMailServer({ code, message: "not today" });
    const mail = mailBy(server.url);
    const error = await assertRejects(() => send(mail), DeliveryError, "not today");
    kinds.push(error.kind);
  }
  assertEquals(kinds, ["final", "passing"]);
});

Deno.test("a password never goes over the network in the clear", async () => {
  await using server = await startMailServer();
  const mail = mailBy(server.url);
  await assertRejects(() => send({ ...mail, user: "a", password: "secret" }), DeliveryError, "STARTTLS");
  assertEquals(server.mails, []);
});

Deno.test("the file of channels says what is wrong in it, and quotes no secret", () => {
  const wrong = (channels: unknown) =>
    assertThrows(() => parseChannels(JSON.stringify(channels), "c.json"), ConfigError).message;
  assertMatch(wrong({ hook: { kind: "webhook", url: "ftp://s3cret" } }), /hook\.url: must be a URL: https:/);
  assertMatch(wrong({ p: { kind: "ntfy", url: "https://ntfy.sh/" } }), /p\.url: must end with the topic/);
  assertMatch(
    wrong({ m: { kind: "email", server: "smtp://x", from: "nobody", to: [] } }),
    /m\.from: must be/,
  );
  assertMatch(wrong({ x: { kind: "fax" } }), /webhook, ntfy, email or mqtt/);
  assertMatch(wrong({ b: { kind: "mqtt", topic: "a/#" } }), /b\.topic: must be a topic/);
  assertMatch(
    wrong({ b: { kind: "mqtt", topic: "a", password: "s3cret" } }),
    /b\.password: is missing, or not/,
  );
  for (
    const channels of [{ hook: { kind: "webhook", url: "s3cret" } }, { "s p": { kind: "mqtt", topic: "a" } }]
  ) {
    assertEquals(wrong(channels).includes("s3cret"), false);
  }
  assertThrows(() => parseChannels("{", "c.json"), ConfigError, "it is not JSON");
});

Deno.test("a message says in words what it is about, and for how long", () => {
  const rule = {
    ...{ id: "1", name: "nodes", hold_seconds: 0, calm_seconds: 0, repeat_seconds: 0, channels: [] },
    ...{ watch: { kind: "broker_off" as const }, enabled: true, muted_until: null },
  };
  const words = (what: "begins" | "repeats" | "ends", count: number) => {
    const tell = { kind: "tell", what, number: 1, text: "It is hot", since: 0, count } as const;
    const { title, text } = messageOf("id", rule, "attic", tell, 300);
    return [title, text];
  };
  assertEquals(words("begins", 1), ["nodes: attic", "It is hot, for 5m"]);
  assertEquals(words("repeats", 3), ["Still: nodes: attic", "It is hot, for 5m now (3 times)"]);
  assertEquals(words("ends", 1), ["Over: nodes: attic", "It is over after 5m: It is hot"]);
});

Deno.test("retries come later and later, up to five minutes apart", () => {
  assertEquals([0, 1, 2, 5, 6, 100].map(retrySeconds), [5, 10, 20, 160, 300, 300]);
});
