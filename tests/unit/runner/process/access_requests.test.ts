import { assertEquals } from "@std/assert";
import { covers } from "../../../../runner/policy/covers.ts";
import { isDenied, readStderrLine } from "../../../../runner/process/access_requests.ts";

const record = (permission: string, value: string | null) =>
  JSON.stringify({ v: 1, datetime: "2026-01-02T03:04:05Z", permission, value });

Deno.test("a record of Deno's is taken out of stderr, whatever was printed in front of it", () => {
  const request = { kind: "read", what: '/a "b" {c}' };
  assertEquals(readStderrLine(record("read", request.what)), { said: "", request });
  assertEquals(readStderrLine(`half a line${record("read", request.what)}`), {
    said: "half a line",
    request,
  });
  assertEquals(readStderrLine(record("env", null)), { said: "", request: { kind: "env", what: "" } });
});

Deno.test("what agent code prints in front of a record cannot hide it, whatever it looks like", () => {
  const request = { kind: "read", what: "/secret" };
  const real = record("read", request.what);
  for (const forged of [record("read", "/harmless"), real.slice(0, -2), `${record("env", null)} `]) {
    assertEquals(readStderrLine(forged + real), { said: forged, request });
  }
  const quoted = { kind: "read", what: `/${real}` };
  assertEquals(readStderrLine(record("read", quoted.what)), { said: "", request: quoted });
});

Deno.test("of a URL that is fetched the host and port are told", () => {
  const what = (url: string) => readStderrLine(record("net", url)).request?.what;
  assertEquals(what("https://a.example/x?token=1"), "a.example:443");
  assertEquals(what("http://a.example/"), "a.example:80");
  assertEquals(what("http://[::1]:81/"), "[::1]:81");
  assertEquals(what("a.example:443"), "a.example:443");
});

Deno.test("what is no record stays what the agent has printed", () => {
  for (
    const line of [
      "",
      "plain",
      "{}",
      '{"v":1}',
      '{"v":2,"datetime":"x","permission":"read","value":"/a"}',
      '{"v":1,"datetime":"x","permission":"read","value":"\\x"}',
      '{"v":1,"datetime":"x","permission":"read","value":{}}',
      `${record("read", "/a")} and more`,
    ]
  ) assertEquals(readStderrLine(line), { said: line });
});

Deno.test("what the flags grant is no denial, all else is", () => {
  const flags = [
    "run",
    "--allow-net=127.0.0.1:1883,a.example",
    "--allow-read=/state/x.json,/state/x.json.tmp,/open",
    "--allow-write=/state/x.json,/state/x.json.tmp",
    "--deny-env",
    "--deny-run",
    "--allow-sys=hostname",
    "--deny-ffi",
    "--allow-import=jsr.io:443",
  ];
  const denied = (kind: string, what: string) => isDenied({ kind, what }, flags, covers);
  for (
    const [kind, what] of [
      ["read", "/state/x.json"],
      ["read", "/open/a/../b"],
      ["write", "/state/x.json.tmp"],
      ["net", "127.0.0.1:1883"],
      ["net", "a.example:443"],
      ["sys", "hostname"],
      ["import", "jsr.io:443"],
      // Reads as undefined.
      ["env", "HOME"],
      ["unheard-of", "x"],
    ] as const
  ) assertEquals(denied(kind, what), false, `${kind} ${what}`);
  for (
    const [kind, what] of [
      ["read", "/etc/passwd"],
      ["read", "/open/../etc/passwd"],
      ["read", "etc/passwd"],
      ["write", "/open/x"],
      ["net", "127.0.0.1:22"],
      ["net", "0.0.0.0:1883"],
      ["sys", "osRelease"],
      ["ffi", "/lib/x.so"],
      ["run", "/bin/sh"],
      ["import", "evil.example:443"],
    ] as const
  ) assertEquals(denied(kind, what), true, `${kind} ${what}`);
});
