/** Secrets of agents: a file on this node that holds them and says which agents get them. */
import { isJsonObject } from "../../protocol/json.ts";
import * as v from "valibot";
import { FileOfRecord } from "../files/local_file.ts";
import { fitsAny } from "../../protocol/patterns.ts";

/** Shorter secrets could not be removed from a log without removing other text as well. */
const MIN_CHARS = 8;
/** Secrets go to the agent in its first frame, which is bounded. */
const MAX_CHARS = 64 * 1024;

const SecretSchema = v.strictObject({
  value: v.pipe(
    v.string("must be a string"),
    v.minLength(MIN_CHARS, `must have at least ${MIN_CHARS} characters, to be recognised in logs`),
    v.maxLength(MAX_CHARS, `must not have more than ${MAX_CHARS} characters`),
  ),
  agents: v.array(
    v.pipe(v.string(), v.nonEmpty()),
    "must be a list of agents' names; * stands for any characters",
  ),
});
type Secret = v.InferOutput<typeof SecretSchema>;

/** The secrets an agent gets, of those it asks for. */
export interface Granted {
  /** Value by name. */
  readonly values: ReadonlyMap<string, string>;
  /** Names it does not get: unknown here, or not granted to this agent. */
  readonly denied: readonly string[];
}

export class Secrets {
  private constructor(private readonly file: FileOfRecord<ReadonlyMap<string, Secret>> | undefined) {}

  /** Grants nothing to any agent. */
  static none(): Secrets {
    return new Secrets(undefined);
  }

  /** @throws Error when the file cannot be used, or other users can read it */
  static async open(path: string, onProblem: (message: string) => void): Promise<Secrets> {
    return new Secrets(await FileOfRecord.open(path, "readable", parseSecrets, onProblem));
  }

  /** Reads the current file. */
  async grant(agent: string, names: readonly string[]): Promise<Granted> {
    if (names.length === 0) return { values: new Map(), denied: [] };
    const secrets = await this.file?.current();
    const values = new Map<string, string>();
    const denied: string[] = [];
    for (const name of new Set(names)) {
      const secret = secrets?.get(name);
      if (secret !== undefined && fitsAny(secret.agents, agent)) values.set(name, secret.value);
      else denied.push(name);
    }
    return { values, denied };
  }
}

/** Messages never quote the file, because they go to logs. @throws Error for the operator */
export function parseSecrets(text: string): ReadonlyMap<string, Secret> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The parser's own message quotes part of the text.
    throw new Error("it is not JSON");
  }
  if (!isJsonObject(json)) {
    throw new Error('it must be an object: {"NAME": {"value": "…", "agents": ["name"]}}');
  }
  return new Map(Object.entries(json).map(([name, entry]) => [name, parseSecret(name, entry)]));
}

function parseSecret(name: string, entry: unknown): Secret {
  if (!/^\w{1,128}$/.test(name)) throw new Error("a name must be 1 to 128 of A-Z a-z 0-9 _");
  const parsed = v.safeParse(SecretSchema, entry);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const field = v.getDotPath(issue);
  const isOurs = field === "value" || field?.startsWith("agents") === true;
  const problem = issue.received === "undefined"
    ? "is missing"
    : isOurs
    ? issue.message
    : "must have value and agents, nothing else";
  throw new Error([name, isOurs ? field : undefined, problem].filter((part) => part !== undefined).join(" "));
}
