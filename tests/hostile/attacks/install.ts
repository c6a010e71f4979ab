/** Packages that mean harm, and `install` entries that are something else than a package. */
import { type Attack, type HostileAgent, type Scene, slug } from "../attack.ts";
import type { Message } from "../../support/bus.ts";
import { PATIENT } from "../scenes.ts";

/** Entries that try to be an option, an address, a path or a command. */
const ENTRIES: readonly string[] = [
  "--allow-scripts",
  "--allow-all",
  "-A",
  "npm:--allow-scripts@1",
  "npm:ms@--allow-scripts",
  "http://127.0.0.1:%other%/y.ts",
  "https://example.com/mod.ts",
  "file:///etc/passwd",
  "npm:file:///etc/passwd",
  "npm:ms@file:../../x",
  "npm:ms@http://127.0.0.1/x.tgz",
  "npm:alias@npm:evil-shell",
  "git+ssh://example.com/x",
  "node:fs",
  "data:text/javascript,1",
  "../../etc",
  "/etc/passwd",
  "npm:../x",
  "npm:@../x",
  "npm:ms/../../x",
  "npm:.npmrc",
  "jsr:nothing",
  "jsr:@a/../b",
  "ms;touch_/tmp/x",
  "$(id)",
  "`id`",
  "ms&&id",
  "a|b",
  "ms@'1'",
  "ms\u0000",
  "ms\n--allow-all",
  "%2e%2e/x",
  "m\u0455",
  "npm:ms@2?x=1#y",
  "npm:__proto__@1 || 2",
  `npm:${"a".repeat(300)}`,
];

const entries = ENTRIES.map((entry, index): HostileAgent => ({
  kind: "agent",
  id: `install-entry-${index}`,
  category: "install",
  tries: `install ${JSON.stringify(entry).slice(0, 60)}`,
  code: "function setup() {}",
  config: { install: [entry] },
  expect: { on: "errors", says: /^install: .*(is not a package|names a part of a package)/s },
}));

/** Hostile packages, and how the import of one fails. */
const PACKAGES: Readonly<Record<string, readonly [name: string, says: RegExp]>> = {
  "a package that reads files": ["evil-reader", /[Rr]equires read access/],
  "a package that starts a shell": ["evil-shell", /[Rr]equires run access/],
  "a package that changes itself": ["evil-writer", /[Rr]equires (read|write) access/],
  "a package that needs one nobody declared": [
    "evil-neighbour",
    /Cannot find module|not a dependency|[Rr]equires/,
  ],
  "a package of native code": ["evil-native", /[Rr]equires ffi access/],
  "a package that connects elsewhere": ["evil-net", /[Rr]equires net access/],
  "a package that requires up to the root": ["evil-climber", /[Rr]equires read access|Cannot find module/],
};

const packages = Object.entries(PACKAGES).map(([tries, [name, says]]): HostileAgent => {
  const id = `install-${slug(tries)}`;
  return {
    kind: "agent",
    id,
    category: "install",
    tries,
    code: `async function setup(agent) {
      const { default: got } = await import("${name}");
      await agent.publish("stolen/${id}", String(await got));
    }`,
    config: { install: [`npm:${name}`] },
    expect: { on: "errors", says },
  };
});

/** A package that can be imported: what it was after did not happen. */
function loads(tries: string, name: string, nothing: string): Scene {
  return {
    kind: "scene",
    id: `install-${slug(tries)}`,
    category: "install",
    tries,
    play: async ({ bus, node, dir }, id) => {
      const from = bus.mark();
      const code = `import got from "${name}";
        async function setup(agent) { await agent.publish("loaded/${id}", { got: got ?? null }); }`;
      await bus.publish(`nodes/${node.name}/spawn`, { name: id, code, install: [name], max_restarts: 0 });
      const { json } = await bus.find("the package", ({ topic }) => topic === `loaded/${id}`, from, PATIENT);
      await bus.ask(`nodes/${node.name}/stop`, { name: id });
      const files = await Array.fromAsync(Deno.readDir(dir), (entry) => entry.name);
      if (files.includes("lifecycle-script-ran")) throw new Error("its script ran");
      if (json.got !== null && json.got !== "loaded") throw new Error(`it got ${json.got}`);
      return nothing;
    },
  };
}

const MORE_THAN_MAY_BE = /^install: .*(limit|SIGXFSZ|SIGABRT)/s;

/** Small archives that become large. */
const bombs = ["evil-bomb", "evil-dust"].map((name): HostileAgent => ({
  kind: "agent",
  id: `install-${name}`,
  category: "install",
  tries: `a package that fills the disk: ${name}`,
  code: "function setup() {}",
  config: { install: [`npm:${name}`] },
  expect: { on: "errors", says: MORE_THAN_MAY_BE },
}));

/** Bits, links and devices in an archive: nothing of it must be on the disk, whatever becomes of the agent. */
const oddArchive: Scene = {
  kind: "scene",
  id: "install-an-archive-of-odd-entries",
  category: "install",
  tries: "an archive with links, pipes, devices and set-uid bits",
  play: async ({ bus, node }, id) => {
    const from = bus.mark();
    const config = { name: id, code: "function setup() {}", install: ["npm:evil-archive"], max_restarts: 0 };
    const { json } = await bus.ask(`nodes/${node.name}/spawn`, config);
    const isSettled = (message: Message) =>
      message.json?.name === id && message.json.state === "running" ||
      message.json?.agent === id && message.json.severity === "fatal";
    await bus.find("its start, or its end", isSettled, from, PATIENT);
    // Deno itself puts a link beside the packages.
    const odd = (await oddIn(`${node.workDir}/installs`)).filter((path) => path.includes("/npm/"));
    if (odd.length > 0) throw new Error(`it has made ${odd.join(", ")}`);
    await bus.ask(`nodes/${node.name}/stop`, { name: id });
    return json.error ?? "what is odd has not been made";
  },
};

/** What is neither a plain file nor a folder, or has rights for others. */
async function oddIn(dir: string): Promise<string[]> {
  const odd: string[] = [];
  for await (const { name } of Deno.readDir(dir)) {
    const path = `${dir}/${name}`;
    const { isFile, isDirectory, nlink, mode } = await Deno.lstat(path);
    const isPlain = isDirectory || isFile && nlink === 1;
    if (!isPlain || ((mode ?? 0) & 0o7022) !== 0) odd.push(path);
    if (isDirectory) odd.push(...await oddIn(path));
  }
  return odd;
}

export const install: readonly Attack[] = [
  ...entries,
  ...packages,
  ...bombs,
  oddArchive,
  loads("a package with lifecycle scripts", "evil-scripts", "loads, and its scripts have not run"),
  loads("a package that is to be built", "evil-gyp", "loads, and nothing was built"),
  loads("a package that reads the environment", "evil-env", "loads, and the environment is empty"),
];
