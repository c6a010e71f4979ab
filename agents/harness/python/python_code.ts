/** Agent code in Python: loaded into its own interpreter; its functions are called across the border. */
import type { PythonStart, StartFrame } from "../../../protocol/frames.ts";
import { parseExactly } from "../../../protocol/json.ts";
import { type Decided, looksLikePython } from "../../../protocol/language.ts";
import type { Agent } from "../../types.d.ts";
import type { Description } from "../errors.ts";
import type { FunctionName } from "../functions.ts";
import type { AgentCode } from "../language.ts";
import type { AgentFunctions } from "../load.ts";
import { remarksOn } from "../remarks.ts";
import { TypeScriptCode } from "../typescript_code.ts";
import { createPythonApi } from "./api.ts";
import { type Bridge, type Pyodide, startFromSnapshot } from "./interpreter.ts";
import { breakDown, type Coroutine, outcomeOf, PythonError } from "./outcome.ts";
import { toPython } from "./payload.ts";
import { syntaxErrorOf } from "./typescript_syntax.ts";

export class PythonCode implements AgentCode {
  readonly #typescript: TypeScriptCode;
  language: Decided | undefined;

  constructor(private readonly start: StartFrame) {
    this.#typescript = new TypeScriptCode(start);
  }

  async load(agent: Agent): Promise<AgentFunctions> {
    const { python, code } = this.start;
    if (python === undefined) throw new Error("the node has not said where Python is");
    const pyodide = await startFromSnapshot(python.dir, python.snapshot);
    await addPackages(pyodide, python);
    const bridge = pyodide.pyimport("agentflow");
    if (python.undecided) this.language = await this.#readsAs(bridge);
    if (this.language === "typescript") return await this.#typescript.load();
    return await loadPython(pyodide, bridge, agent, code);
  }

  /** The language that the code parses as. If both: Python, unless it uses names that do not exist in Python. */
  async #readsAs(bridge: Bridge): Promise<Decided> {
    const { code } = this.start;
    const asPython: "" | "names" | "python" = bridge.check?.(code);
    if (asPython === "python") return "python";
    const error = await syntaxErrorOf(code);
    if (error === undefined) return "typescript";
    // Neither: report the error of the language it was probably meant for.
    if (asPython === "names" || looksLikePython(code)) return "python";
    throw new SyntaxError(
      `The code is neither Python nor TypeScript. As Python: ${pythonErrorOf(bridge, code)}. ` +
        `As TypeScript: ${error}. Say which it is: "language" in the spawn config`,
    );
  }

  /** Python integers have any size. */
  parse(json: string): unknown {
    return this.language === "typescript" ? this.#typescript.parse(json) : parseExactly(json);
  }

  describe(thrown: unknown): Description {
    return thrown instanceof PythonError ? thrown.description : this.#typescript.describe(thrown);
  }

  localise(text: string): string {
    return this.#typescript.localise(text);
  }
}

async function addPackages(pyodide: Pyodide, { wheels }: PythonStart): Promise<void> {
  for (const path of wheels) {
    // Machine code must be linked by Pyodide's own loader, which fetches by URL.
    if (/-none-any\.whl$/.test(path)) pyodide.unpackArchive(Deno.readFileSync(path), "wheel");
    else await pyodide.loadPackage(`file://${path}`);
  }
}

async function loadPython(
  pyodide: Pyodide,
  bridge: Bridge,
  agent: Agent,
  code: string,
): Promise<AgentFunctions> {
  // deno-lint-ignore no-console -- the harness turns it into the agent's log
  pyodide.setStdout({ batched: (line) => console.info(line) });
  // deno-lint-ignore no-console -- as above
  pyodide.setStderr({ batched: (line) => console.warn(line) });
  const { name, actor_id, node, broker } = agent;
  bridge.start?.(createPythonApi(agent), JSON.stringify({ name, actor_id, node, broker }));
  const { functions, present, imported } = await outcomeOf(bridge.load?.(code)) as Loaded;
  const has = (name: FunctionName) => functions.includes(name);
  const call = (name: FunctionName) => has(name) ? () => guarded(() => bridge.call?.(name)) : undefined;
  return {
    setup: call("setup"),
    process: call("process"),
    handleTask: has("handle_task") || has("handleTask")
      ? (_agent, payload) => guarded(() => bridge.task?.(...toPython(payload)))
      : undefined,
    remarks: () => Promise.resolve(remarksOn(new Set(functions), { present, imported: new Set(imported) })),
  };
}

/** The Python side's description of a module. */
interface Loaded {
  readonly functions: readonly string[];
  readonly present: readonly string[];
  readonly imported: readonly string[];
}

/** An interpreter that is already broken throws at once instead of rejecting. */
function guarded(call: () => Coroutine): Promise<unknown> {
  let coroutine: Coroutine;
  try {
    coroutine = call();
  } catch (error) {
    return breakDown(error);
  }
  return outcomeOf(coroutine);
}

function pythonErrorOf(bridge: Bridge, code: string): string {
  return bridge.syntax_error?.(code);
}
