/** The command line in the process of the test: fast, for what does not depend on the process. */
import { main } from "../../operator/ctl/main.ts";
import type { Terminal } from "../../operator/ctl/terminal.ts";
import { ctlHome } from "./ctl.ts";

export interface CtlHere {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  // deno-lint-ignore no-explicit-any -- tests look into output of every shape
  readonly json: any;
}

/** Runs one command to its end, against the broker at `port`. */
export function ctlHere(port: number, ...args: readonly string[]): Promise<CtlHere> {
  return ctlInProcess([...args, "--broker", "127.0.0.1", "--port", String(port)]);
}

/** Runs one command to its end. */
export async function ctlInProcess(
  args: readonly string[],
  { env = {} }: { readonly env?: Readonly<Record<string, string>> } = {},
): Promise<CtlHere> {
  const said = { stdout: "", stderr: "" };
  const terminal = (stream: "stdout" | "stderr"): Terminal => ({
    isTerminal: false,
    colour: false,
    columns: () => Infinity,
    rows: () => 24,
    write: (text) => void (said[stream] += text),
  });
  const code = await main(args, {
    env: { HOME: ctlHome, ...env },
    stdout: terminal("stdout"),
    stderr: terminal("stderr"),
    signal: new AbortController().signal,
  });
  return {
    code,
    ...said,
    get json() {
      return JSON.parse(said.stdout);
    },
  };
}
