/**
 * What JSR documents of the functions that are used. The names are those of the import map: the same table holds for
 * the functions of `protocol/std/` and, after `deno task std:jsr`, for JSR's own.
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { delay } from "@std/async/delay";
import { parseArgs } from "@std/cli/parse-args";
import { basename, dirname, extname, join, relative, resolve } from "@std/path";

const DECLARED = {
  string: ["port", "node"],
  boolean: ["help", "no-wait"],
  collect: ["node"],
} as const;
const NONE = { help: false, "no-wait": false, node: [] };

Deno.test("parseArgs reads what is declared as JSR documents it", () => {
  const table: [args: string[], expected: Record<string, unknown>][] = [
    [[], {}],
    [["--port", "1883"], { port: "1883" }],
    [["--port=1883"], { port: "1883" }],
    [["--port="], { port: "" }],
    [["--port=a=b"], { port: "a=b" }],
    [["--port", "1", "--port", "2"], { port: "2" }],
    // Without a value.
    [["--port"], { port: "" }],
    [["--port", "--help"], { port: "", help: true }],
    [["--port", ""], { port: "", _: [""] }],
    // Only behind = may a value begin with -.
    [["--port=-5"], { port: "-5" }],
    [["--port", "two words"], { port: "two words" }],
    [["--port", "first\nsecond"], { port: "first\nsecond" }],
    [["--help"], { help: true }],
    [["--help=false"], { help: false }],
    [["--help=no"], { help: true }],
    [["--help", "true"], { help: true }],
    [["--help", "false"], { help: false }],
    [["--help", "more"], { help: true, _: ["more"] }],
    [["--no-wait"], { "no-wait": true }],
    [["--node", "a", "--node=b"], { node: ["a", "b"] }],
    // Positional arguments.
    [["word", "--port", "1", "other"], { port: "1", _: ["word", "other"] }],
    [["7", "-", "1e3", "0x10", "7a"], { _: [7, "-", 1000, 16, "7a"] }],
    [["--", "--port", "1", "-x", "7"], { _: ["--port", "1", "-x", "7"] }],
    [["--port", "--", "1"], { port: "", _: ["1"] }],
  ];
  for (const [args, expected] of table) {
    assertEquals({ ...parseArgs(args, DECLARED) }, { ...NONE, _: [], ...expected }, args.join(" "));
  }
});

Deno.test("parseArgs guesses at what is not declared, after asking", () => {
  const table: [args: string[], asked: unknown[][], expected: Record<string, unknown>][] = [
    [["--what"], [["--what", "what", true]], { what: true }],
    [["--what", "7"], [["--what", "what", "7"]], { what: 7 }],
    [["--what=x"], [["--what=x", "what", "x"]], { what: "x" }],
    [["--what", "-x"], [["--what", "what", true], ["-x", "x", true]], { what: true, x: true }],
    [["--no-port"], [["--no-port", "no-port", true]], { "no-port": true }],
    [["-x", "1"], [["-x", "x", "1"]], { x: 1 }],
    [["-xy", "1"], [["-xy", "x", true], ["-xy", "y", "1"]], { x: true, y: 1 }],
    [["word"], [["word"]], { _: ["word"] }],
    [["--", "word"], [], { _: ["word"] }],
    [["--__proto__=x"], [["--__proto__=x", "__proto__", "x"]], {}],
  ];
  for (const [args, asked, expected] of table) {
    const calls: unknown[][] = [];
    const take = (...call: unknown[]) => calls.push(call);
    assertEquals({ ...parseArgs(args, { ...DECLARED, unknown: take }) }, { ...NONE, _: [], ...expected });
    assertEquals(calls, asked, args.join(" "));
    const refuse = () => false;
    const kept = args.includes("--") ? ["word"] : [];
    assertEquals({ ...parseArgs(args, { ...DECLARED, unknown: refuse }) }, { ...NONE, _: kept });
  }
});

Deno.test("parseArgs has the types that JSR gives what is declared", () => {
  const given = parseArgs(["--port", "1", "--node", "a", "x"], DECLARED);
  const port: string | undefined = given.port;
  const help: boolean = given.help;
  const nodes: string[] = given.node;
  const words: (string | number)[] = given._;
  assertEquals([port, help, nodes, words], ["1", false, ["a"], ["x"]]);
  // @ts-expect-error a text that was not given is undefined
  const sure: string = given.port;
  // @ts-expect-error what looks like a number is one
  const texts: string[] = given._;
  // @ts-expect-error of what is not declared nothing is known
  const other: string = given.other;
  assertEquals([sure, texts, other as unknown], ["1", ["x"], undefined]);
});

Deno.test("delay waits, and rejects with the reason of its signal", async () => {
  await delay(1);
  assertEquals(await delay(0, {}), undefined);
  const reason = new RangeError("enough");
  const controller = new AbortController();
  const waiting = delay(60_000, { signal: controller.signal });
  controller.abort(reason);
  assertEquals(await assertRejects(() => waiting), reason);
  assertEquals(await assertRejects(() => delay(60_000, { signal: AbortSignal.abort("no") })), "no");
  const error = await assertRejects(() => delay(60_000, { signal: AbortSignal.abort() }), DOMException);
  assertEquals(error.name, "AbortError");
});

class Special extends Error {
  readonly code = 7;
}

Deno.test("assertThrows and assertRejects return what was thrown, typed by the class that was asked for", async () => {
  const fail = (error: unknown) => () => {
    throw error;
  };
  const special = new Special("with words");
  const typed: number = assertThrows(fail(special), Special, "words").code;
  const rejected: number = (await assertRejects(() => Promise.reject(special), Special, "words")).code;
  assertEquals([typed, rejected], [7, 7]);
  // What is no error is thrown too.
  assertEquals(assertThrows(fail("text")), "text");
  assertEquals(await assertRejects(() => Promise.reject(undefined)), undefined);
  // @ts-expect-error without a class nothing is known of it
  assertEquals(assertThrows(fail(special)).message, "with words");
  const refused: (() => unknown)[] = [
    () => assertThrows(() => 1),
    () => assertThrows(() => 1, "a message"),
    () => assertThrows(fail(new Error("x")), Special),
    () => assertThrows(fail("text"), Error),
    () => assertThrows(fail(special), Special, "other words"),
  ];
  for (const check of refused) assertThrows(check, Error);
  const rejections: (() => Promise<unknown>)[] = [
    () => assertRejects(() => Promise.resolve(1)),
    () => assertRejects(() => Promise.reject(new Error("x")), Special),
    () => assertRejects(() => Promise.reject(special), Special, "other words"),
    // It throws rather than rejects.
    () => assertRejects(fail(special) as () => Promise<unknown>, Special),
  ];
  for (const check of rejections) await assertRejects(check, Error);
  assertStringIncludes(assertThrows(() => assertThrows(() => 1, "my words"), Error).message, "my words");
});

Deno.test("the other assertions hold and fail as JSR documents them", () => {
  assert("x");
  assertEquals({ a: [1, new Set([2])] }, { a: [1, new Set([2])] });
  assertEquals(NaN, NaN);
  assertNotEquals<unknown>({ a: 1 }, { a: 1, b: undefined });
  assertNotEquals<unknown>(1, "1");
  assertMatch("text", /^t/);
  assertStringIncludes("text", "ex");
  const refused: (() => void)[] = [
    () => assert(0),
    () => assertEquals([1, 2], [2, 1]),
    () => assertEquals<unknown>(new Date(0), new Date(1)),
    () => assertNotEquals({ a: 1 }, { a: 1 }),
    () => assertMatch("text", /^x/),
    () => assertStringIncludes("text", "xe"),
  ];
  for (const check of refused) assertThrows(check, Error);
  assertStringIncludes(assertThrows(() => assert(0, "my words"), Error).message, "my words");
});

Deno.test("paths are put together and taken apart as JSR documents it", () => {
  const table: [actual: string, expected: string][] = [
    [join("a", "b", "..", "c"), "a/c"],
    [join(""), "."],
    [join("/a", "/b"), "/a/b"],
    [resolve("/a", "b", "../c"), "/a/c"],
    [resolve("/a", "/b"), "/b"],
    [dirname("/a/b.ts"), "/a"],
    [dirname("b.ts"), "."],
    [basename("/a/b.ts"), "b.ts"],
    [basename("/a/b.ts", ".ts"), "b"],
    [basename("/a/"), "a"],
    [relative("/a/b", "/a/c/d"), "../c/d"],
    [relative("/a", "/a"), ""],
    [extname("a.tar.gz"), ".gz"],
    [extname(".profile"), ""],
  ];
  for (const [actual, expected] of table) assertEquals(actual, expected);
  assertEquals(resolve(), Deno.cwd());
  const parts = ["a", "b"];
  // @ts-expect-error the first part must be there
  assertEquals(join(...parts), "a/b");
});
