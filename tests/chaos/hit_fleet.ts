/** Faults of a fleet: an operator applies a file while something happens, and the file must be in force in the end. */
import { delay } from "@std/async/delay";
import { join } from "@std/path";
import { actorId } from "../../protocol/ids.ts";
import { wrongClock } from "../support/clocks.ts";
import { ctl, type CtlOptions, CtlProcess, type CtlResult } from "../support/ctl.ts";
import { type FleetFault, type Moment, NODES } from "./faults.ts";
import { type Field, PATIENCE_MS } from "./field.ts";
import type { Damage } from "./inject.ts";

const FLEET = "chaos";
const HOUR_MS = 3_600_000;
const SOAK = "0.3";
const LOOK_AGAIN_MS = 300;
/** As agentflow gives it: part of it waits for nodes that are off. */
const PENDING = 5;

export async function hitFleet(field: Field, fault: FleetFault): Promise<Damage> {
  const folder = await Deno.makeTempDir({ prefix: "agentflow-chaos-fleet-" });
  try {
    const scene = new Scene(field, join(folder, "fleet.json"));
    await scene.write();
    const atMs = performance.now();
    const killed = fault.kind === "fleet: clock wrong by an hour" && fault.whose !== "operator"
      ? [fault.whose]
      : [];
    const problem = await carryOut(scene, fault) ?? await scene.problem();
    return { killed, atMs, violations: problem === undefined ? [] : [problem] };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** @returns what is not as it should be, in words */
async function carryOut(scene: Scene, fault: FleetFault): Promise<string | undefined> {
  const { field } = scene;
  switch (fault.kind) {
    case "fleet: operator killed in a wave":
      await scene.rollOut(fault.at, (operator) => operator[Symbol.asyncDispose]());
      return failure("rollout resume", await scene.run("rollout", "resume", FLEET));
    case "fleet: broker killed in a wave": {
      const code = await scene.rollOut(fault.at, async (operator) => {
        await field.killBroker();
        await delay(fault.ms);
        await field.launchBroker();
        return await operator.code;
      });
      if (code === 0) return undefined;
      const { code: isGone } = await scene.run("rollout", "resume", FLEET);
      // A broker that keeps nothing has forgotten the roll-out, and which generation comes after which.
      return isGone === 0
        ? undefined
        : failure("apply --adopt", await scene.run("apply", scene.path, "--adopt"));
    }
    case "fleet: node away": {
      const mark = field.bus.mark();
      field.links[fault.node].cut();
      await field.bus.on(`nodes/${fault.node}/status`, ({ json }) => json?.status === "offline", mark);
      for (let left = fault.generations; left > 0; left--) {
        await scene.write();
        const applied = await scene.apply();
        if (applied.code !== PENDING) return failure("apply without a node", applied, PENDING);
      }
      field.restoreLink(fault.node);
      return undefined;
    }
    case "fleet: clock wrong by an hour": {
      const wrongByMs = fault.hours * HOUR_MS;
      if (fault.whose === "operator") {
        const wrong = failure("apply by a wrong clock", await scene.apply(wrongClock(wrongByMs)));
        if (wrong !== undefined) return wrong;
      } else {
        await field.killRunner(fault.whose);
        await field.startRunner(fault.whose, wrongByMs);
        await field.hostsOf("");
        const wrong = failure("apply to a node with a wrong clock", await scene.apply());
        if (wrong !== undefined) return wrong;
        await field.killRunner(fault.whose);
        await field.startRunner(fault.whose);
        await field.hostsOf("");
      }
      const problem = await scene.problem();
      if (problem !== undefined) return problem;
      await scene.write();
      return failure("apply by the right clock again", await scene.apply());
    }
    default:
      return fault satisfies never;
  }
}

function failure(what: string, { code, stdout, stderr }: CtlResult, wanted = 0): string | undefined {
  return code === wanted ? undefined : `${what} exits with ${code}: ${stdout}${stderr}`;
}

class Scene {
  #code = "";
  /** Changes its node with each file. */
  #home = "";

  constructor(readonly field: Field, readonly path: string) {}

  /** The next version of the fleet file: every agent changes, and one moves. */
  async write(): Promise<void> {
    this.#code = `// ${crypto.randomUUID()}\nfunction setup() {}\nfunction process() {}`;
    this.#home = NODES.find((node) => node !== this.#home) ?? NODES[0];
    const common = { code: this.#code, poll_interval: 1 };
    const agents = [{ ...common, name: "at-{node}", nodes: NODES }, {
      ...common,
      name: "roams",
      node: this.#home,
    }];
    await Deno.writeTextFile(this.path, JSON.stringify({ fleet: FLEET, agents }));
  }

  run(...args: string[]): Promise<CtlResult> {
    return this.#run(args);
  }

  async apply(options: CtlOptions = {}): Promise<CtlResult> {
    return await this.#run(["apply", this.path], options);
  }

  /** Begins to roll the file out, and lets `happen` do its work at that moment. */
  async rollOut<T>({ wave, phase }: Moment, happen: (operator: CtlProcess) => Promise<T>): Promise<T> {
    const { bus } = this.field;
    const mark = bus.mark();
    const command = ["apply", this.path, "--waves", "1,rest", "--soak", SOAK, ...this.#broker];
    await using operator = CtlProcess.start(command);
    await bus.find(
      `wave ${wave} ${phase}`,
      ({ topic, json }) =>
        topic === `main/rollouts/${FLEET}` && json?.state.wave === wave && json.state.phase.kind === phase,
      mark,
      PATIENCE_MS,
    );
    return await happen(operator);
  }

  /** Waits until the file is in force everywhere, and each agent runs once. @returns why not, in words */
  async problem(): Promise<string | undefined> {
    const deadlineMs = performance.now() + PATIENCE_MS;
    for (;;) {
      const found = await this.#differences();
      if (found === undefined || performance.now() > deadlineMs) return found;
      await delay(LOOK_AGAIN_MS);
    }
  }

  async #differences(): Promise<string | undefined> {
    for (const [name, node] of [...NODES.map((node) => [`at-${node}`, node]), ["roams", this.#home]]) {
      const hosts = (await this.field.hostsOf(name ?? "")).map((host) => host.node);
      if (hosts.join() !== node) return `${name} is on ${hosts.join(" and ") || "no node"}, not on ${node}`;
      const { json } = await this.field.bus.ask(`nodes/${node}/inspect`, { name });
      if (json.config?.code !== this.#code) {
        return `${name} (${actorId(name ?? "")}) has the code of another file`;
      }
    }
    const status = await this.#run(["status", FLEET]);
    return failure("status", status);
  }

  get #broker(): readonly string[] {
    return ["--broker", "127.0.0.1", "--port", String(this.field.broker.port)];
  }

  async #run(args: readonly string[], options: CtlOptions = {}): Promise<CtlResult> {
    return await ctl([...args, ...this.#broker], options);
  }
}
