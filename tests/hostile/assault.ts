/** Carries out attacks on a field: one at a time or batched, each with its own verdict. */
import { actorId } from "../../protocol/ids.ts";
import type { Message } from "../support/bus.ts";
import { type Findings, probe } from "../support/probe.ts";
import type { Attack, HostileAgent, HostileMessage, Probe, Sign, Verdict } from "./attack.ts";
import { unsandboxed } from "./control.ts";
import type { Field } from "./field.ts";

/** Attempts of one probe agent. */
const BATCH = 25;
const PATIENCE_MS = 60_000;
const SHOWN_CHARS = 110;

/** What has to be done, and the attacks that it gives verdicts on. */
interface Mission {
  readonly attacks: readonly Attack[];
  readonly carryOut: () => Promise<readonly Verdict[]>;
}

/** Carries out all attacks, `width` missions at a time; a verdict for each, told as it comes. */
export async function assault(
  field: Field,
  attacks: readonly Attack[],
  width: number,
  tell: (verdict: Verdict) => void,
): Promise<void> {
  const missions = missionsOf(field, attacks);
  const work = async () => {
    for (let mission = missions.shift(); mission !== undefined; mission = missions.shift()) {
      for (const verdict of await verdictsOf(mission)) tell(verdict);
    }
  };
  await Promise.all(Array.from({ length: width }, work));
}

async function verdictsOf({ attacks, carryOut }: Mission): Promise<readonly Verdict[]> {
  try {
    return await carryOut();
  } catch (error) {
    return attacks.map((attack) => got(attack, error));
  }
}

function got(attack: Attack, error: unknown): Verdict {
  return { attack, held: false, stoppedBy: (error as Error).message };
}

/** Where its sign stands, those of others do too: one after the other, each sees its own. */
function isSerial({ kind, category }: Attack): boolean {
  return kind === "message" || category === "signed";
}

function missionsOf(field: Field, attacks: readonly Attack[]): Mission[] {
  const serial = attacks.filter((attack) => attack.kind !== "probe" && isSerial(attack));
  const alone = attacks.filter((attack) => attack.kind !== "probe" && !isSerial(attack));
  const probes = attacks.filter((attack) => attack.kind === "probe");
  return [
    ...alone.map((attack) => ({ attacks: [attack], carryOut: () => oneByOne(field, [attack]) })),
    ...grouped(serial).map((group) => ({ attacks: group, carryOut: () => oneByOne(field, group) })),
    ...grouped(probes).flatMap((group) => batches(field, group)),
  ];
}

function grouped<T extends Attack>(attacks: readonly T[]): T[][] {
  return [...Map.groupBy(attacks, ({ category }) => category).values()];
}

function batches(field: Field, probes: readonly Probe[]): Mission[] {
  return Array.from({ length: Math.ceil(probes.length / BATCH) }, (_, index) => {
    const batch = probes.slice(index * BATCH, (index + 1) * BATCH);
    const agent = `probe-${batch[0]?.category}-${index}`;
    return { attacks: batch, carryOut: () => probeAll(field, agent, batch) };
  });
}

async function oneByOne(field: Field, attacks: readonly Attack[]): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const attack of attacks) {
    if (attack.kind === "probe") continue;
    verdicts.push(await single(field, attack).catch((error) => got(attack, error)));
  }
  return verdicts;
}

async function single(field: Field, attack: Exclude<Attack, Probe>): Promise<Verdict> {
  const stoppedBy =
    await (attack.kind === "scene"
      ? attack.play(field, attack.id)
      : attack.kind === "agent"
      ? stoppedAgent(field, attack)
      : refusedMessage(field, attack));
  return { attack, held: true, stoppedBy: short(stoppedBy) };
}

async function probeAll(field: Field, agent: string, attacks: readonly Probe[]): Promise<readonly Verdict[]> {
  const attempts = Object.fromEntries(attacks.map(({ id, body }) => [id, body]));
  const findings = await probe(field.bus, field.node, agent, attempts, field.given);
  const controlled = attacks.filter(({ control }) => control);
  const control: Findings = controlled.length === 0 ? {} : await unsandboxed(controlled, field.given);
  await field.bus.ask(`nodes/${field.node.name}/stop`, { name: agent });
  return attacks.map((attack) => judge(attack, findings[attack.id] ?? "no finding", control[attack.id]));
}

function judge(attack: Probe, finding: string, control: string | undefined): Verdict {
  const proved = !attack.control || control?.startsWith("GOT") === true;
  const held = !finding.startsWith("GOT") && attack.expect.test(finding.replaceAll(/\s+/g, " ")) && proved;
  const doubt = proved ? "" : ` (without a sandbox: ${control})`;
  return { attack, held, stoppedBy: short(finding.replace("refused: ", "")) + doubt };
}

async function stoppedAgent(field: Field, attack: HostileAgent): Promise<string> {
  const { bus, node } = field;
  const { id: name } = attack;
  const from = bus.mark();
  const config = { name, code: attack.code, max_restarts: 0, poll_interval: 0.05, ...attack.config };
  await bus.publish(`nodes/${node.name}/spawn`, field.fill(JSON.stringify(config)));
  const said = await sign(field, attack.expect, { agent: name, node: node.name, from });
  const stolen = bus.all(`stolen/${name}`, from);
  if (stolen.length > 0) throw new Error(`got through: ${stolen[0]?.text}`);
  await bus.ask(`nodes/${node.name}/stop`, { name });
  return said;
}

async function refusedMessage(field: Field, attack: HostileMessage): Promise<string> {
  const { bus } = field;
  const { payload, topic: unfilled } = attack;
  const topic = field.fill(unfilled);
  const from = bus.mark();
  const replyTopic = `hostile/reply/${attack.id}`;
  const isText = typeof payload === "string" || payload instanceof Uint8Array;
  const message = typeof payload === "function"
    ? await payload(field)
    : isText
    ? payload
    : { _reply_topic: replyTopic, ...payload };
  const bytes = message instanceof Uint8Array
    ? message
    : field.fill(typeof message === "string" ? message : JSON.stringify(message));
  await bus.publish(topic, bytes);
  const node = topic.startsWith(`nodes/${field.strict.name}/`) ? field.strict.name : field.node.name;
  return await sign(field, attack.expect, { node, from, replyTopic });
}

interface Place {
  readonly agent?: string;
  readonly node: string;
  readonly from: number;
  readonly replyTopic?: string;
}

/** The first message with the expected words, as one line. */
async function sign({ bus }: Field, { on, says }: Sign, place: Place): Promise<string> {
  const topic = {
    errors: `agents/${actorId(place.agent ?? "")}/errors`,
    logs: `agents/${actorId(place.agent ?? "")}/logs`,
    node: `agents/${place.node}/logs`,
    reply: place.replyTopic,
    audit: `nodes/${place.node}/audit`,
  }[on];
  const fits = (message: Message) => message.topic === topic && says.test(wordsOf(message));
  try {
    return wordsOf(await bus.find("sign", fits, place.from, PATIENCE_MS));
  } catch {
    const errors = `agents/${actorId(place.agent ?? "")}/errors`;
    // What has ended it explains a silence.
    const isAbout = (message: Message) => message.topic === topic || message.topic === errors;
    const instead = bus.messages.slice(place.from).filter(isAbout).map(wordsOf);
    throw new Error(
      `nothing on ${on} says ${says}; it says: ${instead.slice(-3).join(" | ").slice(0, 1000)}`,
    );
  }
}

function wordsOf({ json, text }: Message): string {
  if (typeof json?.code === "string") return `${json.code}: ${json.reason ?? json.error}`;
  const words = json?.error ?? json?.message ?? text;
  return typeof json?.phase === "string" ? `${json.phase}: ${words}` : String(words);
}

function short(text: string): string {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length > SHOWN_CHARS ? `${line.slice(0, SHOWN_CHARS - 1)}…` : line;
}
