/** npm packages that mean harm, served by a registry of the field's own. `%dir%` stands for the operator's folder. */
import type { NpmPackage } from "../support/npm_registry.ts";

const MARK = "touch %dir%/lifecycle-script-ran";

export const PACKAGES: readonly NpmPackage[] = [
  {
    name: "evil-scripts",
    version: "1.0.0",
    files: { "index.js": `module.exports = "loaded";` },
    manifest: {
      scripts: { preinstall: MARK, install: MARK, postinstall: MARK, prepare: MARK },
      hasInstallScript: true,
    },
  },
  {
    name: "evil-gyp",
    version: "1.0.0",
    files: {
      "index.js": `module.exports = "loaded";`,
      "binding.gyp":
        `{"targets":[{"target_name":"x","actions":[{"action_name":"x","inputs":[],"outputs":["x"],
        "action":["sh","-c","${MARK}"]}]}]}`,
    },
    manifest: { gypfile: true, hasInstallScript: true },
  },
  {
    name: "evil-reader",
    version: "1.0.0",
    files: { "index.js": `module.exports = require("fs").readFileSync("/etc/passwd", "utf8");` },
  },
  {
    name: "evil-shell",
    version: "1.0.0",
    files: {
      "index.js": `const { spawn } = require("child_process");
        module.exports = new Promise((resolve, reject) => {
          const child = spawn("/usr/bin/id");
          child.on("error", reject);
          child.stdout.on("data", resolve);
        });`,
    },
  },
  {
    name: "evil-env",
    version: "1.0.0",
    files: {
      "index.js": `const { env } = process;
        module.exports = env.RUNNER_SECRET ?? env.PATH ?? Object.keys(env)[0] ?? null;`,
    },
  },
  {
    name: "evil-writer",
    version: "1.0.0",
    files: {
      "index.js": `require("fs").appendFileSync(__filename, "// changed"); module.exports = "changed";`,
    },
  },
  {
    name: "evil-neighbour",
    version: "1.0.0",
    files: { "index.js": `module.exports = require("evil-shell");` },
  },
  {
    name: "evil-native",
    version: "1.0.0",
    files: {
      "index.js": `process.dlopen({ exports: {} }, __dirname + "/x.node"); module.exports = "loaded";`,
      "x.node": "\x7fELF no library",
    },
  },
  {
    name: "evil-net",
    version: "1.0.0",
    files: {
      "index.js": `module.exports = new Promise((resolve, reject) =>
        require("net").connect(9, "127.0.0.1", () => resolve("connected")).on("error", reject));`,
    },
  },
  {
    name: "evil-climber",
    version: "1.0.0",
    files: { "index.js": `module.exports = require("../../../../../../../../../../etc/passwd");` },
  },
  {
    name: "evil-bomb",
    version: "1.0.0",
    files: { "index.js": "" },
    odd: [{ path: "zeros", zeros: 640 * 1024 * 1024 }],
  },
  {
    name: "evil-dust",
    version: "1.0.0",
    files: { "index.js": "" },
    odd: Array.from({ length: 60_000 }, (_, n) => ({ path: `dust-${n}` })),
  },
  {
    name: "evil-archive",
    version: "1.0.0",
    files: { "index.js": "" },
    odd: [
      { path: "setuid", mode: "6777", zeros: 512 },
      { path: "symbolic", type: "2", link: "/etc/passwd" },
      { path: "hard", type: "1", link: "/etc/passwd" },
      { path: "fifo", type: "6" },
      { path: "device", type: "3" },
    ],
  },
];
