/** The signed commands that have been used: on disk, so that they cannot be replayed after a restart. */
import { readIfThere, replaceDurably, setAside } from "../files/durable_file.ts";
import { SKEW_SECONDS } from "../../protocol/signing/decision.ts";

/** A used token. */
interface Used {
  /** Names the token: key and `jti`. */
  readonly id: string;
  readonly exp: number;
  /** When the desired state in force was signed. */
  readonly desired?: number;
}

/** How many tokens are remembered; further commands are refused until some have expired. */
const MAX_TOKENS = 100_000;
/** How many expired lines the file may hold before it is rewritten. */
const SLACK_LINES = 1000;

/**
 * The file: a line `{"reset_at"}`, then one line per token. Invariant: a token that `use` has confirmed is on the disk,
 * unless `onProblem` has reported otherwise.
 */
export class UsedTokens {
  readonly #tokens = new Map<string, Used>();
  #desired: Used | undefined;
  #lines = 0;
  #failed = false;
  #writing: Promise<void> = Promise.resolve();

  private constructor(
    private readonly path: string,
    private readonly now: () => number,
    private readonly onProblem: (message: string) => void,
    /** Commands issued before this are refused: the list of used tokens was lost then. */
    readonly resetAt: number,
  ) {}

  /** Reads the file. A damaged one is set aside, and all commands signed before now are refused. */
  static async open(
    path: string,
    now: () => number,
    onProblem: (message: string) => void,
  ): Promise<UsedTokens> {
    try {
      const { resetAt, tokens } = parseFile(await readIfThere(path));
      const used = new UsedTokens(path, now, onProblem, resetAt);
      for (const token of tokens) used.#remember(token);
      await used.#append([]);
      return used;
    } catch (error) {
      const reason = (error as Error).message;
      const aside = await setAside(path).catch(() => path);
      onProblem(
        `The list of used commands is damaged (${reason}) and set aside as ${aside}: ` +
          "nothing signed before now is obeyed",
      );
      const used = new UsedTokens(path, now, onProblem, now());
      await used.#append([]);
      return used;
    }
  }

  has(id: string): boolean {
    return this.#tokens.has(id) || this.#desired?.id === id;
  }

  get isFull(): boolean {
    if (this.#tokens.size < MAX_TOKENS) return false;
    this.#forgetExpired();
    return this.#tokens.size >= MAX_TOKENS;
  }

  /** Whether it is the desired state in force. */
  isInForce(id: string): boolean {
    return this.#desired?.id === id;
  }

  /** When the desired state in force was signed. */
  get desiredSince(): number | undefined {
    return this.#desired?.desired;
  }

  /** Marks a token as used in this process. */
  remember(id: string, exp: number, desired?: number): void {
    this.#remember({ id, exp, ...(desired === undefined ? {} : { desired }) });
  }

  /** Resolves when the token is on the disk, or cannot be written. */
  async keep(id: string): Promise<void> {
    const tokens = [this.#tokens.get(id), this.#desired?.id === id ? this.#desired : undefined];
    const token = tokens.find((known) => known !== undefined);
    if (token !== undefined) await this.#append([token]);
  }

  #remember(token: Used): void {
    if (token.desired !== undefined) this.#desired = token;
    this.#tokens.set(token.id, token);
  }

  #append(tokens: readonly Used[]): Promise<void> {
    return this.#writing = this.#writing.then(async () => {
      try {
        const lines = this.#lines + tokens.length;
        if (this.#failed || lines === tokens.length || lines > 2 * this.#tokens.size + SLACK_LINES) {
          return await this.#rewrite();
        }
        using file = await Deno.open(this.path, { append: true });
        await writeAll(file, tokens.map((token) => `${JSON.stringify(token)}\n`).join(""));
        await file.syncData();
        this.#lines = lines;
      } catch (error) {
        if (!this.#failed) {
          this.onProblem(
            `Cannot keep which signed commands have been used (${(error as Error).message}): ` +
              "until that works again, a restart of this node could let one be used twice",
          );
        }
        this.#failed = true;
      }
    });
  }

  /** Rewrites the file with the tokens that have not expired. */
  async #rewrite(): Promise<void> {
    this.#forgetExpired();
    const tokens = new Map(this.#tokens);
    if (this.#desired !== undefined) tokens.set(this.#desired.id, this.#desired);
    const lines = [{ reset_at: this.resetAt }, ...tokens.values()].map((line) => `${JSON.stringify(line)}\n`);
    await replaceDurably(this.path, lines.join(""));
    this.#lines = lines.length;
    this.#failed = false;
  }

  #forgetExpired(): void {
    const now = this.now();
    for (const { id, exp } of this.#tokens.values()) if (exp + SKEW_SECONDS <= now) this.#tokens.delete(id);
  }
}

function parseFile(text: string | undefined): { resetAt: number; tokens: Used[] } {
  if (text === undefined) return { resetAt: 0, tokens: [] };
  const lines = text.split("\n");
  // An incomplete line was being written when the power failed: nobody was told that it is stored.
  lines.pop();
  const [header, ...tokens] = lines.map((line) => JSON.parse(line));
  if (typeof header?.reset_at !== "number") throw new Error("it has no beginning");
  if (!tokens.every(isUsed)) throw new Error("a line is no token");
  return { resetAt: header.reset_at, tokens };
}

function isUsed(value: Partial<Used> | null): value is Used {
  return typeof value?.id === "string" && typeof value.exp === "number" &&
    (value.desired === undefined || typeof value.desired === "number");
}

async function writeAll(file: Deno.FsFile, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let offset = 0; offset < bytes.length;) offset += await file.write(bytes.subarray(offset));
}
