/** One base of expected errors: edges map its code, so no list of classes can forget one. */
import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { codesOf, ExpectedError, wordsOf } from "../../../protocol/expected_error.ts";
import { Refusal } from "../../../protocol/signing/refusal.ts";
import { ConfigError } from "../../../protocol/config/config_error.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

async function* sources(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* sources(path);
    else if (/\.tsx?$/.test(name)) yield path;
  }
}

Deno.test("every error class of the node, the operator and the protocol is an ExpectedError", async () => {
  const others: string[] = [];
  for (const layer of ["protocol", "runner", "operator", "scripts"]) {
    for await (const path of sources(ROOT + layer)) {
      const found = (await Deno.readTextFile(path)).match(/class (\w+) extends Error\b/);
      if (found?.[1] !== undefined && found[1] !== "ExpectedError") others.push(`${found[1]} in ${path}`);
    }
  }
  assertEquals(others, []);
});

Deno.test("a code decides what a shell and a browser are told; a fault of our own is 1 and 500", () => {
  assertEquals(codesOf(new ConfigError("no")), { exit: 2, http: 400 });
  assertEquals(codesOf(new ExpectedError("no")), { exit: 1, http: 409 });
  assertEquals(codesOf(new Refusal("replayed", "no")), { exit: 1, http: 409 });
  assertEquals(codesOf(new TypeError("bug")), { exit: 1, http: 500 });
});

Deno.test("advice comes behind the message, and the cause is kept", () => {
  const cause = new Error("EACCES");
  const error = new ExpectedError("Cannot write x", { advice: "name another folder", cause });
  assertEquals([wordsOf(error), error.cause], ["Cannot write x: name another folder", cause]);
});
