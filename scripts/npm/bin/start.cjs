"use strict";
/** Runs a program of this package with the Deno that came as its dependency. */
const { spawn } = require("node:child_process");
const { join } = require("node:path");
const { runInstall: denoPath } = require("deno/install_api.cjs");

/** What ends a program in order. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

/** Ends as the program ends: with its exit code, or by the signal that ended it. */
module.exports = function start(file, flags = []) {
  const program = join(__dirname, "..", file);
  const child = spawn(
    denoPath(),
    ["run", "--quiet", "-A", "--no-config", "--unstable-net", ...flags, program, ...process.argv.slice(2)],
    { stdio: "inherit" },
  );
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      // Ctrl-C reaches every process of the terminal; a second SIGINT would cut the program short.
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on("error", (error) => {
    // deno-lint-ignore no-console -- for the person who has started it
    console.error(`Cannot start Deno: ${error.message}`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code);
    for (const each of SIGNALS) process.removeAllListeners(each);
    process.kill(process.pid, signal);
  });
};
