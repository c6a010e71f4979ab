/** Other users of the device, and what agents leave on it: each on a node of its own, in a folder like /tmp. */
import { Bus } from "../../support/bus.ts";
import { NodeProcess } from "../../support/node_process.ts";
import { withFolder } from "../../support/temp_folder.ts";
import { type Attack, type Scene, slug } from "../attack.ts";
import type { Field } from "../field.ts";
import { PATIENT } from "../scenes.ts";

/** Somebody else, who has a shell on the device. */
const STRANGER = 65534;
/** What a stranger wants to have started, as the node's user. */
const PLANTED = {
  config: {
    name: "planted",
    code: `async function setup(agent) { await agent.publish("stolen/planted", 1); }`,
  },
  restart_count: 0,
  paused: false,
  has_run: true,
};

/** Where attacks of this kind take place. */
interface Place {
  /** As /tmp is: everybody may write there. */
  readonly shared: string;
  readonly bus: Bus;
  /** Of its node: others are on the same broker. */
  readonly name: string;
  start(...args: string[]): Promise<NodeProcess>;
}

function scene(tries: string, play: (place: Place) => Promise<string>): Scene {
  return {
    kind: "scene",
    id: `device-${slug(tries)}`,
    category: "device",
    tries,
    play: (field, id) => onDevice(field, id, play),
  };
}

async function onDevice(
  { broker }: Field,
  name: string,
  play: (place: Place) => Promise<string>,
): Promise<string> {
  if (Deno.uid() !== 0) return "left out: only root can play another user";
  let said = "";
  await using bus = await Bus.connect(broker.port);
  await withFolder(async (dir) => {
    const shared = `${dir}/shared`;
    await Deno.mkdir(shared);
    await Deno.chmod(dir, 0o755);
    await Deno.chmod(shared, 0o1777);
    const start = (...args: string[]) =>
      NodeProcess.start({ port: broker.port, name, stateDir: shared, args });
    said = await play({ shared, bus, name, start });
  });
  return said;
}

/** What the stranger gets to see or do. */
async function asStranger(script: string): Promise<string> {
  const { stdout, stderr } = await new Deno.Command("/bin/sh", {
    args: ["-c", script],
    uid: STRANGER,
    gid: STRANGER,
    clearEnv: true,
    cwd: "/",
  }).output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

async function plant({ shared, name }: Place): Promise<void> {
  const entry = JSON.stringify(PLANTED).replaceAll("'", "'\\''");
  const folder = `${shared}/agentflow_${name}.registry`;
  await asStranger(
    `mkdir -p ${folder}/agents ${folder}/ended && printf %s '${entry}' > ${folder}/agents/planted.json`,
  );
}

async function isUp({ bus, name }: Place, from: number): Promise<void> {
  await bus.find("its heartbeat", ({ topic }) => topic === `nodes/${name}/heartbeat`, from, PATIENT);
}

/** @throws Error when what was planted runs */
async function assertNothingRuns(place: Place, from: number): Promise<void> {
  const { bus, name } = place;
  await isUp(place, from);
  const { json } = await bus.ask(`nodes/${name}/list`, {});
  if (json.agents.length > 0 || bus.all("stolen/planted", from).length > 0) throw new Error("it runs");
}

const registry = scene("plant a registry that is started at boot", async (place) => {
  await plant(place);
  const from = place.bus.mark();
  await using node = await place.start();
  await assertNothingRuns(place, from);
  return await node.logged(/is not used: .* belongs to user/);
});

const handedOver = scene("plant a registry in a folder of the node's", async (place) => {
  // Made by the node's user, and open to all: the content is not.
  await Deno.mkdir(`${place.shared}/agentflow_${place.name}.registry`);
  await Deno.chmod(`${place.shared}/agentflow_${place.name}.registry`, 0o777);
  await plant(place);
  const from = place.bus.mark();
  await using node = await place.start();
  await assertNothingRuns(place, from);
  return await node.logged(/is not used: /);
});

const home = scene("take the place of the folder that the node would make", async (place) => {
  await asStranger(`mkdir -m 777 ${place.shared}/agentflow_${place.name}.home`);
  await using node = await place.start();
  const { code } = await node.child.status;
  if (code !== 2) throw new Error(`it ended with ${code}`);
  return node.stderr.at(-1) ?? "";
});

const setUid = scene("leave a set-uid file where others can start it", async (place) => {
  const { shared, bus, name } = place;
  const from = bus.mark();
  await using node = await place.start();
  await isUp(place, from);
  const file = `${shared}/agentflow_${name}.home/agentflow_setter_state.json`;
  const code = `async function setup(agent) {
    agent.persist("k", 1);
    const file = "${file}";
    let said = "it is set";
    try { Deno.chmodSync(file, 0o4777); } catch (error) { said = String(error); }
    await agent.publish("device/set", said);
  }`;
  await node.spawn(bus, { name: "setter", code });
  const { text } = await bus.find("its word", ({ topic }) => topic === "device/set", from, PATIENT);
  const seen = await asStranger(`cat ${file}; ls -l ${file}; ${file}`);
  if (!/Permission denied/.test(seen) || /"k"/.test(seen)) throw new Error(seen);
  return `${text}; ${seen}`;
});

const localhost = scene(
  "listen where the broker's name leads",
  async (place) => {
    const { bus } = place;
    const from = bus.mark();
    await using node = await place.start("--broker", "localhost");
    await isUp(place, from);
    const code = `async function setup(agent) {
    const said = ["localhost", "::1", "::", "0.0.0.0"].map((hostname) => {
      try { Deno.listen({ hostname, port: agent.broker.port }); return "listens on " + hostname; } catch (error) { return error.name; }
    });
    await agent.publish("device/listening", said.join());
  }`;
    await node.spawn(bus, { name: "listener", code });
    const { text } = await bus.find("its word", ({ topic }) => topic === "device/listening", from, PATIENT);
    if (/listens/.test(text)) throw new Error(text);
    return text;
  },
);

export const device: readonly Attack[] = [registry, handedOver, home, setUid, localhost];
