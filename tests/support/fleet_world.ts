/**
 * Operators and nodes in one process, with the real operations and the nodes' own rules, on a bus and a clock that move
 * only when told to: whatever happens in between is up to the test.
 */
import type { Operator } from "../../operator/operator.ts";
import { topics } from "../../protocol/topics.ts";
import type { Clock } from "../../runner/clock.ts";
import { settled } from "./fake_clock.ts";
import { LightNode } from "./light_node.ts";
import { encoded, type Line, UnrulyBroker } from "./unruly_broker.ts";
import { VirtualTime } from "./virtual_time.ts";

const COMMANDS = ["list", "inspect", "spawn", "stop", "migrate", "reply/+", "desired_state"];
const FILTERS = (node: string) => [
  ...COMMANDS.map((command) => `nodes/${node}/${command}`),
  topics.rollCall,
  "agents/+/heartbeat",
];

/** A node and its line to the broker. */
export class WorldNode {
  readonly light: LightNode;
  readonly line: Line;
  /** Writes to disk that are under way. */
  readonly #writes: (() => void)[] = [];

  constructor(readonly name: string, private readonly broker: UnrulyBroker, clock: Clock) {
    this.line = broker.open(({ topic, payload, retained }) => this.light.receive(topic, payload, retained));
    this.light = new LightNode(
      name,
      (topic, value, retain) =>
        this.line.send({
          kind: "publish",
          topic,
          payload: encoded(value),
          ...(retain === undefined ? {} : { retain }),
          done: () => {},
        }),
      {},
      { clock },
    );
    this.light.disk.write = () => new Promise((resolve) => this.#writes.push(resolve));
    for (const filter of FILTERS(name)) this.line.filters.add(filter);
    this.light.turnOn();
    this.line.mend();
  }

  get isIdle(): boolean {
    return this.#writes.length === 0 && this.line.isIdle;
  }

  /** @returns whether a write was under way */
  finishWrite(): boolean {
    const done = this.#writes.shift();
    done?.();
    return done !== undefined;
  }

  die(): void {
    if (!this.light.isOn) return;
    this.light.turnOff();
    this.#writes.length = 0;
    this.cut(true);
  }

  /** @param forgets whether what it wanted to send is lost, too */
  cut(forgets = false): void {
    if (!this.line.isUp) return;
    this.line.cut(forgets);
    this.broker.publish(topics.nodeStatus(this.name), encoded({ node: this.name, status: "offline" }), true);
  }

  /** It runs and is connected, whatever it was before. */
  comeBack(): void {
    const isBack = !this.light.isOn || !this.line.isUp;
    if (!this.line.isUp) this.line.mend();
    if (!this.light.isOn) this.light.turnOn();
    else if (isBack) this.light.connected();
  }
}

/** What an operator does; what it throws is what he is told. */
export type Job = (operator: Operator, name: string) => Promise<unknown>;

export class WorldOperator {
  #operator: Operator;
  line: Line;
  isBusy = false;
  /** What he was told, in order: an error, or nothing. */
  readonly told: (Error | undefined)[] = [];
  #life = 0;

  constructor(readonly name: string, private readonly broker: UnrulyBroker) {
    ({ operator: this.#operator, line: this.line } = broker.operator());
  }

  begin(job: Job): void {
    if (this.isBusy) return;
    const life = this.#life;
    this.isBusy = true;
    const end = (error?: Error) => {
      if (life !== this.#life) return;
      this.isBusy = false;
      this.told.push(error);
    };
    // Each command is a process of its own, with a connection of its own.
    this.line.cut(true);
    ({ operator: this.#operator, line: this.line } = this.broker.operator());
    job(this.#operator, this.name).then(() => end(), end);
  }

  /** He is gone, in the middle of whatever he does. */
  die(): void {
    this.#life += 1;
    this.isBusy = false;
    this.line.cut(true);
  }
}

/** @returns whether anything was on its way */
function drain(one: WorldNode | WorldOperator): boolean {
  let isMoving = false;
  while (one.line.toBroker()) isMoving = true;
  while (one.line.toClient()) isMoving = true;
  if (one instanceof WorldNode) { while (one.finishWrite()) isMoving = true; }
  return isMoving;
}

export class World implements AsyncDisposable {
  readonly time = new VirtualTime();
  readonly broker = new UnrulyBroker();
  readonly nodes: readonly WorldNode[];
  readonly operators: readonly WorldOperator[];

  constructor(nodes: readonly string[], operators: readonly string[]) {
    this.nodes = nodes.map((name) => new WorldNode(name, this.broker, this.time.clock));
    this.operators = operators.map((name) => new WorldOperator(name, this.broker));
  }

  get lines(): readonly Line[] {
    return [...this.operators, ...this.nodes].map(({ line }) => line);
  }

  /** Everything that is on its way arrives, and what it sets off; no time passes. */
  async flow(): Promise<void> {
    for (let isMoving = true; isMoving;) {
      isMoving = false;
      for (const one of [...this.operators, ...this.nodes]) isMoving = drain(one) || isMoving;
      await settled();
    }
  }

  /** All others go on freely, while one node or operator takes so many steps: it sends, gets, and writes. */
  async step(one: WorldNode | WorldOperator, count: number): Promise<void> {
    for (let left = count; left > 0; left--) {
      for (const other of [...this.operators, ...this.nodes]) if (other !== one) drain(other);
      one.line.toBroker();
      one.line.toClient();
      if (one instanceof WorldNode) one.finishWrite();
      await settled();
    }
  }

  /** Time passes until the next timer is due. */
  async pass(): Promise<void> {
    await this.time.advance(Math.max(this.time.nextMs ?? 1, 1));
  }

  /** Nothing fails any more: all is delivered, all nodes are there, and hear each other. */
  async quiet(): Promise<void> {
    for (const node of this.nodes) node.comeBack();
    await this.flow();
    for (let turns = 0; this.operators.some(({ isBusy }) => isBusy); turns++) {
      if (turns > 1000) throw new Error("an operator waits for ever");
      await this.pass();
      await this.flow();
    }
    // Longer than a move may take: until then, the nodes leave the agent to it.
    for (let round = 0; round < 5; round++) {
      for (const { light } of this.nodes) light.beatAgents();
      await this.flow();
      await this.time.advance(10_000);
      await this.flow();
    }
  }

  /** What the broker keeps on a topic. */
  kept(topic: string): Readonly<Record<string, unknown>> | undefined {
    const payload = this.broker.kept.get(topic);
    return payload === undefined ? undefined : JSON.parse(new TextDecoder().decode(payload));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const operator of this.operators) operator.die();
    for (const { light } of this.nodes) light.turnOff();
    // What still runs must not meet the real timers.
    await settled();
    this.time[Symbol.dispose]();
  }
}
