/** The file of `--bridge`: the larger broker that the embedded one is joined to, and which topics cross. */
import { dirname, resolve } from "@std/path";
import * as v from "valibot";
import type { RuleGroup } from "../../protocol/broker/access_rules.ts";
import type { BrokerAccess } from "../../protocol/broker/access.ts";
import { readAccess } from "../../protocol/broker/access_files.ts";
import { BROKER_FLAGS, readBroker, readSources } from "../../protocol/broker/broker_flags.ts";
import type { BrokerUrl } from "../../protocol/broker/broker_url.ts";
import { ConfigError } from "../../protocol/config/config_error.ts";
import { readTextFile } from "../../protocol/config/text_file.ts";
import { filterError, filtersOverlap } from "../../protocol/topics.ts";

/** `out`: from here to the larger broker; `in`: the other way. */
export const DIRECTIONS = ["in", "out", "both"] as const;

/** Topics that cross the bridge. */
export interface BridgedTopics {
  readonly filter: string;
  readonly direction: (typeof DIRECTIONS)[number];
}

export interface BridgeConfig {
  readonly broker: BrokerUrl;
  readonly access: BrokerAccess;
  readonly topics: readonly BridgedTopics[];
}

const text = v.string("must be a string");
const TopicsSchema = v.strictObject({
  filter: text,
  direction: v.picklist(DIRECTIONS, `must be one of ${DIRECTIONS.join(", ")}`),
}, "must be an object with filter and direction, and nothing else");
const FileSchema = v.strictObject({
  broker: text,
  username: v.optional(text),
  password_file: v.optional(text),
  ca: v.optional(text),
  cert: v.optional(text),
  key: v.optional(text),
  topics: v.pipe(
    v.array(TopicsSchema, "must be a list"),
    v.minLength(1, "is empty: nothing would cross the bridge"),
  ),
}, "has an unknown field: known are broker, username, password_file, ca, cert, key, topics");

/**
 * @param warn receives warnings about problems that do not prevent the bridge
 * @throws ConfigError
 */
export async function readBridge(path: string, warn: (message: string) => void): Promise<BridgeConfig> {
  const fail = (problem: string) => new ConfigError(`--bridge ${path}: ${problem}`);
  const { topics, ...fields } = parse(await contentOf(path, fail), fail);
  for (const { filter } of topics) {
    const problem = filterError(filter);
    if (problem !== undefined) throw fail(`topics: '${filter}' ${problem}`);
  }
  const twice = overlapping(topics);
  if (twice !== undefined) {
    throw fail(`topics: '${twice[0]}' and '${twice[1]}' overlap: a message would cross twice`);
  }
  try {
    const broker = readBroker(fields.broker, undefined);
    const given: Readonly<Record<string, string | undefined>> = {
      [BROKER_FLAGS.username.name]: fields.username,
      [BROKER_FLAGS.passwordFile.name]: beside(path, fields.password_file),
      [BROKER_FLAGS.ca.name]: beside(path, fields.ca),
      [BROKER_FLAGS.cert.name]: beside(path, fields.cert),
      [BROKER_FLAGS.key.name]: beside(path, fields.key),
    };
    const access = await readAccess(readSources(({ name }) => given[name], {}, broker), warn);
    return { broker, access, topics };
  } catch (error) {
    if (error instanceof ConfigError) throw fail(error.message);
    throw error;
  }
}

async function contentOf(path: string, fail: (problem: string) => ConfigError): Promise<unknown> {
  let content: string;
  try {
    content = await readTextFile(path);
  } catch (error) {
    throw fail(`cannot be read: ${(error as Error).message}`);
  }
  try {
    return JSON.parse(content);
  } catch (error) {
    throw fail(`is not JSON: ${(error as Error).message}`);
  }
}

function parse(content: unknown, fail: (problem: string) => ConfigError): v.InferOutput<typeof FileSchema> {
  const parsed = v.safeParse(FileSchema, content);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw fail(`${v.getDotPath(issue) ?? "it"} ${issue.input === undefined ? "is missing" : issue.message}`);
}

/** What the bridge may do at the embedded broker. */
export function bridgeRules({ topics }: BridgeConfig): readonly RuleGroup[] {
  const access = { in: "write", out: "read", both: "readwrite" } as const;
  const rules = topics.map(({ filter, direction }) => ({ access: access[direction], filter }));
  return [{ reason: "What crosses the bridge.", rules }];
}

/** Two filters of which both cross in a direction. */
function overlapping(topics: readonly BridgedTopics[]): readonly [string, string] | undefined {
  for (const [index, one] of topics.entries()) {
    for (const other of topics.slice(index + 1)) {
      const differ = one.direction !== other.direction && one.direction !== "both" &&
        other.direction !== "both";
      if (!differ && filtersOverlap(one.filter, other.filter)) return [one.filter, other.filter];
    }
  }
  return undefined;
}

/** Paths in the file are relative to it. */
function beside(path: string, file: string | undefined): string | undefined {
  return file === undefined ? undefined : resolve(dirname(path), file);
}
