/** Checks the code of an agent for the editor, as `agentflow check` does, without running any of it. */
import { LANGUAGES } from "../../../../protocol/language.ts";
import { RequestError } from "../../../http/bodies.ts";
import type { CodeCheck, CodeProblem } from "../../wire.ts";

/** Further requests are rejected: each check runs a compiler, which needs much memory. */
const MAX_WAITING = 4;
const MAX_PACKAGES = 64;

/** Invariant: one check at a time. */
export class CodeChecks {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** @throws RequestError for an invalid body, or if too many checks are waiting */
  async check(body: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<CodeCheck> {
    const { code, install = [] } = body;
    if (typeof code !== "string") throw new RequestError("usage", "code must be a text");
    const packages = Array.isArray(install) ? install.map(String).slice(0, MAX_PACKAGES) : [];
    const language = LANGUAGES.find((known) => known === body.language);
    if (this.#waiting >= MAX_WAITING) {
      throw new RequestError("conflict", "other checks are under way: try again");
    }
    this.#waiting += 1;
    try {
      const mine = this.#last.then(() => checked({ code, install: packages, language }, signal));
      this.#last = mine.catch(() => {});
      return await mine;
    } finally {
      this.#waiting -= 1;
    }
  }
}

type Checked = Parameters<typeof import("../../../author/check_agent.ts").checkAgent>[0];

async function checked(what: Checked, signal: AbortSignal): Promise<CodeCheck> {
  // Loaded lazily: only needed when somebody edits code.
  const { checkAgent } = await import("../../../author/check_agent.ts");
  const { problems, notes, not_checked } = await checkAgent(what, signal);
  return {
    problems: problems.map(problemIn),
    notes: not_checked === undefined ? notes : [...notes, not_checked],
  };
}

/** `line 3:9: TS2304 Cannot find name 'x'`. */
export function problemIn(words: string): CodeProblem {
  const place = /^line (\d+):\d+: /.exec(words);
  return place === null
    ? { line: null, message: words }
    : { line: Number(place[1]), message: words.slice(place[0].length) };
}
