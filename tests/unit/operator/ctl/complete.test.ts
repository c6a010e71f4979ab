/** Completions: what fits at a place of the command line, from the commands themselves. */
import { assertEquals } from "@std/assert";
import { Command } from "commander";
import { complete } from "../../../../operator/ctl/complete.ts";
import { completionScript, SHELLS } from "../../../../operator/ctl/shells.ts";

const SEEN = { nodes: ["hall", "attic"], agents: ["sensor", "sonar"] };

function program(): Command {
  const root = new Command("agentflow");
  root.command("spawn").argument("<FILE>").option("--node <NODE>", "where").option("-q, --quiet", "less")
    .option("--name <NAME>", "its name");
  root.command("stop").argument("<AGENT>");
  root.command("stop-all").argument("[NODE...]");
  root.command("secret", { hidden: true });
  return root;
}

const values = (...words: string[]) => {
  const { candidates, files } = complete(program(), words, SEEN);
  return [...candidates.map(({ value }) => value), ...(files ? ["FILES"] : [])];
};

Deno.test("commands are offered by their beginning, hidden ones never", () => {
  assertEquals(values("st"), ["stop", "stop-all"]);
  assertEquals(values("se"), []);
});

Deno.test("flags of the command are offered, and the values of the one before", () => {
  assertEquals(values("spawn", "x.ts", "--n"), ["--node", "--name"]);
  assertEquals(values("spawn", "x.ts", "--node", ""), ["hall", "attic"]);
  assertEquals(values("spawn", "x.ts", "--node", "h"), ["hall"]);
  assertEquals(values("spawn", "--node=at"), ["--node=attic"]);
  assertEquals(values("spawn", "--name", ""), []);
});

Deno.test("arguments are counted without flags and their values", () => {
  assertEquals(values("spawn", ""), ["FILES"]);
  assertEquals(values("spawn", "--node", "hall", "-q", ""), ["FILES"]);
  assertEquals(values("spawn", "x.ts", ""), []);
  assertEquals(values("stop", "se"), ["sensor"]);
  assertEquals(values("stop", "sensor", ""), []);
  assertEquals(values("stop-all", "hall", "at"), ["attic"]);
});

Deno.test("a script runs the program by words that no shell takes apart", () => {
  for (const shell of SHELLS) {
    const script = completionScript(shell, "agentflow", ["/opt/my deno", "$(evil)"]);
    assertEquals(script.includes("'/opt/my deno' '$(evil)' __complete"), true, shell);
  }
});

Deno.test("what is no valid name is never offered: a shell would run it", () => {
  const seen = {
    nodes: ["hall$(id)", "hall;id", "hall"],
    agents: ["`id`", "zz$(id)", "a b", "\x1b[2J", "zz"],
  };
  const offered = (...words: string[]) =>
    complete(program(), words, seen).candidates.map(({ value }) => value);
  assertEquals(offered("stop", ""), ["zz"]);
  assertEquals(offered("spawn", "x.ts", "--node", ""), ["hall"]);
  assertEquals(offered("spawn", "x.ts", "--node="), ["--node=hall"]);
});
