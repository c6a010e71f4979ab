/** Scenarios of the sandbox: agents that try what would work without it. */
import { pathToFileURL } from "node:url";
import { join } from "@std/path";
import { expect } from "../expect.ts";
import type { Scenario, Stage } from "../stage.ts";

/** The error that Deno throws for denied access. */
const DENIED = "NotCapable";

/** A file beside the agents' state files, which this process can read: only the sandbox keeps agents from it. */
async function plantSecret(stage: Stage, name: string): Promise<string> {
  const path = join(stage.stateDir, name);
  await Deno.writeTextFile(path, "export default 'secret';");
  return path;
}

/** Runs `code` in an agent; it must fail with Deno's refusal, not for another reason. */
async function expectDenied(stage: Stage, code: string): Promise<void> {
  const trial = stage.spawn(`
    export async function setup(agent) {
      let outcome = "allowed";
      try { ${code} } catch (error) { outcome = error.name + ": " + error.message; }
      await agent.publish("selftest/probe", outcome);
    }
  `);
  const outcome = (await trial.untilPublished(1))[0]?.text ?? "";
  expect(outcome.startsWith(DENIED), `expected ${DENIED}, got ${outcome}`);
}

/** An agent that imports what it may not must not get as far as `setup()`. */
async function expectImportDenied(stage: Stage, importStatement: string): Promise<void> {
  const trial = stage.spawn(`
    ${importStatement}
    export function setup() { throw new Error("allowed: it read " + imported); }
  `);
  const outcome = await trial.untilEnded();
  const reason = outcome.kind === "failed" ? outcome.error : outcome.reason;
  expect(/requires read access/i.test(reason), `expected a refusal of read access, got ${reason}`);
}

const json = JSON.stringify;

export const sandbox: readonly Scenario[] = [
  {
    name: "sandbox: reading a file is denied",
    run: async (stage) => {
      await expectDenied(stage, `await Deno.readTextFile(${json(await plantSecret(stage, "secret.txt"))});`);
    },
  },
  {
    name: "sandbox: writing a file is denied",
    run: async (stage) => {
      await expectDenied(stage, `await Deno.writeTextFile(${json(join(stage.stateDir, "planted"))}, "");`);
    },
  },
  {
    name: "sandbox: a connection to anything but the broker is denied",
    run: async (stage) => {
      using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const address = { hostname: "127.0.0.1", port: listener.addr.port };
      await expectDenied(stage, `(await Deno.connect(${json(address)})).close();`);
    },
  },
  {
    name: "sandbox: the environment is empty",
    run: async (stage) => {
      const trial = stage.spawn(`
        export async function setup(agent) {
          const read = () => {
            try { return { ...Deno.env.toObject(), dir: Deno.env.get("DENO_DIR"), path: Deno.env.get("PATH") }; }
            catch (error) { return error.name === "${DENIED}" ? {} : { error: error.message }; }
          };
          await agent.publish("selftest/probe", read());
        }
      `);
      const seen = (await trial.untilPublished(1))[0]?.text;
      expect(seen === "{}", `it reads ${seen}`);
    },
  },
  {
    name: "sandbox: starting a program is denied",
    run: (stage) => expectDenied(stage, `await new Deno.Command(${json(stage.deno)}).output();`),
  },
  {
    name: "sandbox: a static import of a file as text is denied",
    run: async (stage) => {
      const url = pathToFileURL(await plantSecret(stage, "secret.txt"));
      await expectImportDenied(stage, `import imported from ${json(url.href)} with { type: "text" };`);
    },
  },
  {
    name: "sandbox: a static import of a module is denied",
    run: async (stage) => {
      const url = pathToFileURL(await plantSecret(stage, "secret.ts"));
      await expectImportDenied(stage, `import imported from ${json(url.href)};`);
    },
  },
];
