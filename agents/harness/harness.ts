/** An agent's process: reads frames from the runner, runs the agent, and exits when the runner is gone. */
import {
  type AgentPhase,
  MAX_FRAME_BYTES,
  type RunnerFrame,
  type StartFrame,
} from "../../protocol/frames.ts";
import { LineSplitter } from "../../protocol/lines.ts";
import type { Agent } from "../types.d.ts";
import { Activity } from "./activity.ts";
import { createAgent } from "./api.ts";
import { Devices } from "./devices.ts";
import { fenceProblem } from "./functions.ts";
import { redirectConsole } from "./console.ts";
import type { AgentCode, OpenCode } from "./language.ts";
import type { AgentFunctions } from "./load.ts";
import { Gate, runLoop } from "./loop.ts";
import { Pipe } from "./pipe.ts";
import { PendingRequests, Subscriptions } from "./requests.ts";
import { StateFile } from "./state_file.ts";
import type { Switches } from "./switches.ts";
import { runTask } from "./tasks.ts";

const READ_BUFFER_BYTES = 16 * 1024;

// Captured before agent code runs, so that changes to the globals cannot keep this process from exiting.
const { exit, stdin, stdout } = Deno;

/** The state of one agent's process. */
class Harness {
  readonly #pipe: Pipe;
  readonly #stopping = new AbortController();
  readonly #gate = new Gate();
  readonly #activity = new Activity();
  readonly #stateFile: StateFile;
  readonly #replies = new PendingRequests();
  readonly #subscribed = new PendingRequests();
  readonly #devices: Devices;
  readonly #subscriptions: Subscriptions;
  readonly #code: AgentCode;
  readonly #agent: Agent;
  readonly #running = new Set<Promise<unknown>>();
  #switches: Switches | undefined;
  #functions: AgentFunctions = {};
  #peers: StartFrame["peers"];

  constructor(private readonly start: StartFrame, open: OpenCode) {
    this.#pipe = new Pipe((bytes) => stdout.writeSync(bytes), start.durable, start.message_max_bytes);
    this.#peers = start.peers;
    this.#code = open(start);
    const parse = (json: string) => this.#code.parse(json);
    this.#stateFile = new StateFile(start.state_file, start.state_max_bytes, start.state_is_fixed, parse);
    this.#subscriptions = new Subscriptions(this.#activity, parse, (error, topic) => {
      const { traceback } = this.#code.describe(error);
      const message = `A handler of messages on ${topic} failed: ${traceback}`;
      this.#pipe.sendWithoutWaiting({ t: "log", level: "error", message });
    });
    this.#devices = new Devices(this.#pipe, {
      signal: this.#stopping.signal,
      call: (work) => void this.#call(work),
    });
    this.#agent = createAgent({
      start,
      pipe: this.#pipe,
      replies: this.#replies,
      subscribed: this.#subscribed,
      devices: this.#devices.api,
      offerSwitch: async (name, options) => await (await this.#offeredSwitches()).offer(name, options),
      subscriptions: this.#subscriptions,
      stateFile: this.#stateFile,
      signal: this.#stopping.signal,
      peers: () => this.#peers,
    });
    if (start.paused) this.#gate.close("operator");
    if (start.held) this.#gate.close("node");
    redirectConsole((level, text) =>
      this.#pipe.sendWithoutWaiting({ t: "log", level, message: this.#code.localise(text) })
    );
    this.#endOnUncaught();
    this.#track(this.#run());
  }

  /** Handles one frame from the runner. @param line as received */
  receive(line: string): void {
    const frame = this.#code.parse(line) as RunnerFrame;
    switch (frame.t) {
      case "ack":
        return this.#pipe.acknowledge(frame.n);
      case "task":
        return this.#track(this.#answerTask(frame.id, frame.payload));
      case "message":
        return this.#subscriptions.deliver(frame);
      case "subscribed":
        return this.#subscribed.answer(frame.id, frame.error);
      case "reply":
        return this.#replies.answer(frame.id, frame.value);
      case "device":
      case "device_event":
      case "device_gone":
        return this.#devices.receive(frame);
      case "peers":
        this.#peers = frame.peers;
        return;
      case "peer_joined":
        this.#peers = [...this.#peersBut(frame.peer.name), frame.peer];
        return;
      case "peer_left":
        this.#peers = this.#peersBut(frame.name);
        return;
      case "pause":
        return this.#gate.close("operator");
      case "resume":
        return this.#gate.open("operator");
      case "hold":
        return void this.#hold();
      case "release":
        this.#stateFile.freeze(false);
        return this.#gate.open("node");
      case "ping":
        return this.#pipe.send({ t: "pong", n: frame.n });
      case "shutdown":
        return void this.#shutdown();
      case "start":
        return;
      default:
        frame satisfies never;
    }
  }

  async #run(): Promise<void> {
    try {
      this.#functions = await this.#code.load(this.#agent);
    } catch (error) {
      const problem = fenceProblem(this.start.code, this.#code.describe(error));
      this.#report("compile", problem === undefined ? error : new SyntaxError(problem));
      return;
    }
    const { language } = this.#code;
    this.#pipe.send({
      t: "loaded",
      process: this.#functions.process !== undefined,
      ...(language === undefined ? {} : { language }),
    });
    const remarked = this.#remark();
    const reports = {
      ready: () => this.#pipe.send({ t: "ready" }),
      processed: () => this.#pipe.send({ t: "processed" }),
      failed: async (phase: AgentPhase, error: unknown, consecutive: number) => {
        // The runner may end this process once it knows.
        await remarked;
        this.#report(phase, error, consecutive);
      },
    };
    await runLoop(this.#agent, this.#functions, reports, this.#gate, this.#activity, this.start.poll_ms);
  }

  /** Tells the author about functions that are not called. Never rejects. */
  async #remark(): Promise<void> {
    try {
      for (const message of await this.#functions.remarks?.() ?? []) {
        this.#pipe.sendWithoutWaiting({ t: "log", level: "warning", message });
      }
    } catch (error) {
      const message = `What is odd about this code could not be found out: ${
        this.#code.describe(error).error
      }`;
      this.#pipe.sendWithoutWaiting({ t: "log", level: "warning", message });
    }
  }

  /** Loaded lazily: only for agents that offer switches. */
  async #offeredSwitches(): Promise<Switches> {
    const { Switches } = await import("./switches.ts");
    const report = (name: string, on: boolean) => this.#pipe.sendInWindow({ t: "switch", switch: name, on });
    return this.#switches ??= new Switches(report);
  }

  /** Calls a handler for changes of a line. */
  async #call(work: () => unknown): Promise<void> {
    try {
      await this.#activity.during(work);
    } catch (error) {
      const { traceback } = this.#code.describe(error);
      const message = `A handler of changes of a line failed: ${traceback}`;
      this.#pipe.sendWithoutWaiting({ t: "log", level: "error", message });
    }
  }

  async #answerTask(id: number, payload: unknown): Promise<void> {
    const handler = this.#switches?.taskFor(payload) ?? this.#functions.handleTask;
    const outcome = await this.#activity.during(() => runTask(this.#agent, handler, payload));
    const failed = (failure: unknown) => {
      this.#pipe.send({ t: "task_failed", id, ...this.#code.describe(failure) });
    };
    if ("failure" in outcome) return failed(outcome.failure);
    try {
      this.#pipe.send({ t: "task_done", id, value: outcome.value });
    } catch (tooLarge) {
      failed(tooLarge);
    }
  }

  /** Waits for running work to end, then exits. The runner decides how long that may take. */
  async #shutdown(): Promise<void> {
    this.#stopping.abort();
    this.#gate.open("operator");
    this.#gate.open("node");
    while (this.#running.size > 0) await Promise.all(this.#running);
    await this.#pipe.drained();
    exit(0);
  }

  /** Quiesces: running work may finish, no new work starts. */
  async #hold(): Promise<void> {
    this.#gate.close("node");
    await this.#activity.idle();
    this.#stateFile.freeze(true);
    this.#pipe.send({ t: "held" });
  }

  #peersBut(name: string): StartFrame["peers"] {
    return this.#peers.filter((peer) => peer.name !== name);
  }

  #track(work: Promise<unknown>): void {
    this.#running.add(work);
    void work.finally(() => this.#running.delete(work));
  }

  #report(phase: AgentPhase, error: unknown, consecutive = 0): void {
    this.#pipe.send({ t: "error", phase, consecutive, ...this.#code.describe(error) });
  }

  /** Reports an uncaught error with the agent's own lines, then ends the process as Deno would. */
  #endOnUncaught(): void {
    const end = (event: Event, error: unknown) => {
      event.preventDefault();
      this.#report("crash", error);
      exit(1);
    };
    globalThis.addEventListener("unhandledrejection", (event) => end(event, event.reason));
    globalThis.addEventListener("error", (event) => end(event, event.error));
  }
}

/** Compares with the runner's id from the arguments: it may die before the kernel ties this process to it. */
function isOrphan(): boolean {
  const [runner] = Deno.args;
  return runner !== undefined && Deno.ppid !== Number(runner);
}

/**
 * Runs the agent of the first frame until the runner is gone.
 * @param open turns its code into functions
 */
export async function runHarness(open: OpenCode): Promise<void> {
  if (isOrphan()) exit(0);
  const lines = new LineSplitter(MAX_FRAME_BYTES * 4, () => exit(70));
  const buffer = new Uint8Array(READ_BUFFER_BYTES);
  let harness: Harness | undefined;
  for (;;) {
    const count = await stdin.read(buffer);
    // The runner is gone: stop.
    if (count === null) exit(0);
    for (const line of lines.push(buffer.subarray(0, count ?? 0))) {
      if (harness !== undefined) {
        harness.receive(line);
        continue;
      }
      const frame = JSON.parse(line) as RunnerFrame;
      if (frame.t === "start") harness = new Harness(frame, open);
    }
  }
}
