/** Parses the file that names the channels. Pure: from text to channels that can send. */
import * as v from "valibot";
import { ConfigError } from "../../../../../protocol/config/config_error.ts";
import { publishTopicError } from "../../../../../protocol/topics.ts";
import type { Operator } from "../../../../operator.ts";
import type { Channel } from "./channel.ts";
import { email } from "./email.ts";
import { mqttTopic } from "./mqtt.ts";
import { ntfy } from "./ntfy.ts";
import { webhook } from "./webhook.ts";

const text = v.pipe(v.string("must be text"), v.nonEmpty("must not be empty"));
const urlOf = (...schemes: readonly string[]) =>
  v.pipe(
    text,
    v.check(
      (url) => URL.canParse(url) && schemes.includes(new URL(url).protocol),
      `must be a URL: ${schemes.map((scheme) => `${scheme}//…`).join(" or ")}`,
    ),
  );
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
const ADDRESS = /^[^\s@<>]+@[^\s@<>]+$/;
const address = v.pipe(text, v.regex(ADDRESS, "must be an address such as me@example.org"));

const ChannelSchema = v.variant("kind", [
  v.strictObject({
    kind: v.literal("webhook"),
    url: urlOf("https:", "http:"),
    headers: v.optional(
      v.record(
        v.pipe(v.string(), v.regex(HEADER_NAME, "must be names of headers")),
        text,
        "must be an object",
      ),
    ),
  }),
  v.strictObject({
    kind: v.literal("ntfy"),
    url: v.pipe(
      urlOf("https:", "http:"),
      v.check((url) => !new URL(url).pathname.endsWith("/"), "must end with the topic"),
    ),
    token: v.optional(text),
  }),
  v.strictObject({
    kind: v.literal("email"),
    server: urlOf("smtps:", "smtp:"),
    user: v.optional(text),
    password: v.optional(text),
    from: address,
    to: v.pipe(v.array(address, "must be a list of addresses"), v.minLength(1, "must name an address")),
  }),
  v.strictObject({
    kind: v.literal("mqtt"),
    topic: v.pipe(text, v.check((topic) => publishTopicError(topic) === undefined, "must be a topic")),
  }),
], "must be of kind webhook, ntfy, email or mqtt");

const NAME = /^[A-Za-z0-9_-]{1,32}$/;
const FileSchema = v.record(
  v.pipe(v.string(), v.regex(NAME, "must be named with 1 to 32 of A-Z a-z 0-9 _ -")),
  ChannelSchema,
  "must be an object of channels by name",
);

/** One channel as the file says it. */
export type ChannelSettings = v.InferOutput<typeof ChannelSchema>;

/** @param path for messages @throws ConfigError that quotes no value, since they may be secrets */
export function parseChannels(text: string, path: string): ReadonlyMap<string, ChannelSettings> {
  const fail = (reason: string) => new ConfigError(`--channels-file: ${path}: ${reason}`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw fail("it is not JSON");
  }
  const result = v.safeParse(FileSchema, json);
  if (result.success) return new Map(Object.entries(result.output));
  const [issue] = result.issues;
  const at = v.getDotPath(issue) ?? "the file";
  throw fail(
    issue.type === "strict_object"
      ? `${at}: is missing, or not a field of this kind of channel`
      : `${at}: ${issue.message}`,
  );
}

/** @param operator throws while there is no connection to the broker */
export function openChannel(settings: ChannelSettings, operator: () => Operator): Channel {
  switch (settings.kind) {
    case "webhook":
      return webhook({ url: settings.url, headers: settings.headers ?? {} });
    case "ntfy":
      return ntfy({ url: settings.url, token: settings.token });
    case "email": {
      const { server, user, password, from, to } = settings;
      return email({ server, user, password, from, to });
    }
    case "mqtt":
      return mqttTopic(settings.topic, operator);
    default:
      return settings satisfies never;
  }
}
