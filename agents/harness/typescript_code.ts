/** Agent code in TypeScript or JavaScript: a module that Deno imports. */
import type { StartFrame } from "../../protocol/frames.ts";
import { type Description, ErrorDescriber } from "./errors.ts";
import type { AgentCode } from "./language.ts";
import { type AgentFunctions, loadFunctions, moduleUrl, type SourceType } from "./load.ts";

export class TypeScriptCode implements AgentCode {
  readonly #type: SourceType;
  readonly #url: string;
  readonly #describer: ErrorDescriber;

  constructor(private readonly start: StartFrame) {
    // TypeScript parses some JavaScript differently: it reads `f(a < b, c > (d))` as a call of `f` with one argument.
    this.#type = start.language === "javascript" ? "javascript" : "typescript";
    this.#url = moduleUrl(start.code, this.#type);
    this.#describer = new ErrorDescriber(
      this.#url,
      `${start.name}.${this.#type === "javascript" ? "js" : "ts"}`,
      new URL("../..", import.meta.url).href,
    );
  }

  async load(): Promise<AgentFunctions> {
    try {
      return await loadFunctions(this.#url, this.start.code, this.#type);
    } finally {
      URL.revokeObjectURL(this.#url);
    }
  }

  parse(json: string): unknown {
    return JSON.parse(json);
  }

  describe(thrown: unknown): Description {
    return this.#describer.describe(thrown);
  }

  localise(text: string): string {
    return this.#describer.localise(text);
  }
}
