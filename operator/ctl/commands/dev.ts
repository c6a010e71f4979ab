/** `agentflow dev`: runs an agent during development. */
import { readTextFile } from "../../../protocol/config/text_file.ts";
import type { Command } from "commander";
import { hostname } from "node:os";
import { readPort } from "../../../protocol/broker/broker_flags.ts";
import { parseBroker } from "../../../protocol/broker/broker_url.ts";
import { ConfigError } from "../../../protocol/config/config_error.ts";
import { Bus } from "../../bus.ts";
import { Commander, NoAnswerError, RefusedError } from "../../commander.ts";
import { Fleet } from "../../fleet/fleet.ts";
import type { Operator } from "../../operator.ts";
import { spawn } from "../../operations/spawn.ts";
import { isName } from "../../../protocol/names.ts";
import { devEvent } from "../author/events.ts";
import { saves } from "../author/saves.ts";
import type { Cli, Run } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { text } from "../options.ts";
import { devLine, line, shown } from "../render/dev_event.ts";
import { exitCodeOfSpawn, wordsFor } from "../render/outcome.ts";
import { addConfigOptions, readSpawnFile } from "../spawn_file.ts";
import { parsePayload } from "./call.ts";

export function addDev(program: Command, cli: Cli): void {
  const command = program.command("dev")
    .description(
      "run an agent here as a node would, and restart it after each save; each line on stdin, JSON or text, calls its handle_task",
    )
    .argument("<FILE>", "its code (.ts, .js, .py), or a whole spawn config (.json)");
  addConfigOptions(command);
  command
    .option("--port <PORT>", "port of the broker, on this machine only (default: any free port)")
    .option("--state-dir <DIR>", "keep its persisted state here (default: discarded at the end)")
    .option("--policy <FILE>", "policy of the node")
    .option("--node-secrets <FILE>", "secrets of the node");
  cli.local(command, async (run, file = "") => {
    const { name } = await readSpawnFile(file, run.options);
    // Loaded lazily: only this command needs a node.
    const { startDevNode } = await import("../author/dev_node.ts");
    await using node = await startDevNode({
      name: isName(hostname()) ? hostname() : "dev",
      port: readPort((flag) => text(run.options, flag.name)) ?? 0,
      stateDir: text(run.options, "stateDir"),
      args: nodeArgs(run),
      env: run.env,
      warn: run.note,
    });
    await using bus = await Bus.connect({ broker: parseBroker("127.0.0.1", node.port), access: {} });
    const operator = { bus, commander: new Commander(bus, undefined), fleet: new Fleet() };
    run.note(`The broker is mqtt://127.0.0.1:${node.port}; Ctrl-C ends everything`);
    using _everything = await bus.subscribe("#", (message) => {
      const event = devEvent(message);
      if (event === undefined) return;
      if (run.json) run.printJson(event);
      else run.print(devLine(event, Date.now(), run.stdout));
    });
    const session = new DevSession(run, operator, node.name, file);
    // Rejects if no agent can run here; otherwise never settles.
    const unable = node.ready.then(() => new Promise<never>(() => {}));
    await Promise.race([session.run(name), unable]);
    return EXIT.ok;
  });
}

function nodeArgs(run: Run): string[] {
  return [["--policy", "policy"], ["--secrets", "nodeSecrets"]].flatMap(([flag = "", option = ""]) => {
    const value = text(run.options, option);
    return value === undefined ? [] : [flag, value];
  });
}

/** Invariant: a later start supersedes an earlier one. */
class DevSession {
  #current = new AbortController();
  readonly #begun = Promise.withResolvers<void>();

  constructor(
    private readonly parent: Run,
    private readonly operator: Operator,
    private readonly node: string,
    private readonly file: string,
  ) {}

  /** Runs until Ctrl-C. @param agent its name */
  async run(agent: string): Promise<void> {
    const { signal } = this.parent;
    const text = await readTextFile(this.file);
    void this.#start();
    void this.#callByLine(agent);
    for await (const _text of saves(this.file, text, signal)) {
      this.#say("saved", this.file);
      void this.#start();
    }
    this.#current.abort();
  }

  async #start(): Promise<void> {
    this.#current.abort();
    const own = this.#current = new AbortController();
    try {
      const config = await readSpawnFile(this.file, this.parent.options);
      const outcome = await spawn(this.operator, this.node, { ...config, replace: true, rollback: false }, {
        // Errors are shown as they arrive, by the subscription.
        onProgress: (message, kind) => {
          if (kind === "install") this.#say(kind, message);
        },
        signal: own.signal,
      });
      // The subscription has already shown any failure.
      if (!own.signal.aborted && exitCodeOfSpawn(outcome) === EXIT.noAnswer) {
        this.#say("spawn", wordsFor(outcome));
      }
    } catch (error) {
      const isExpected = error instanceof ConfigError || error instanceof RefusedError ||
        error instanceof NoAnswerError;
      if (!isExpected) throw error;
      if (!own.signal.aborted) this.#say("refused", error.message);
    } finally {
      this.#begun.resolve();
    }
  }

  async #callByLine(agent: string): Promise<void> {
    await this.#begun.promise;
    let rest = "";
    for await (const chunk of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const given of lines.filter((each) => each.trim() !== "")) void this.#call(agent, given);
    }
    if (rest.trim() !== "") void this.#call(agent, rest);
  }

  async #call(agent: string, given: string): Promise<void> {
    try {
      const reply = await this.operator.commander.task(agent, parsePayload(given), this.parent.timeoutMs);
      if (this.parent.json) this.parent.printJson({ event: "reply", reply });
      else this.#say("reply", shown(reply));
    } catch (error) {
      if (!(error instanceof NoAnswerError)) throw error;
      this.#say("reply", error.message);
    }
  }

  #say(kind: string, message: string): void {
    const { json, stdout } = this.parent;
    if (json) this.parent.printJson({ event: kind, message });
    else this.parent.print(line(kind, message, undefined, Date.now(), stdout));
  }
}
