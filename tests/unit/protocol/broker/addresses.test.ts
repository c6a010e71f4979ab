import { assertEquals, assertThrows } from "@std/assert";
import { Addresses } from "../../../../protocol/broker/addresses.ts";
import { canBeOverheard } from "../../../../protocol/broker/access.ts";
import { parseBrokers, writtenList } from "../../../../protocol/broker/broker_url.ts";
import { parseCommandLine } from "../../../../runner/config.ts";

const NAMES: Readonly<Record<string, readonly string[]>> = {
  one: ["10.0.0.1"],
  three: ["10.0.0.1", "10.0.0.2", "10.0.0.2", "10.0.0.3", "fd00::1"],
  here: ["::1", "127.0.0.1"],
};

function addressesOf(text: string, names = NAMES): Addresses {
  return new Addresses(parseBrokers(text, undefined), (host) => {
    const found = names[host];
    return found === undefined ? Promise.reject(new Error("no such name")) : Promise.resolve(found);
  });
}

const round = async (text: string) => (await addressesOf(text).all()).map(({ text }) => text);

Deno.test("addresses are tried in their order, each once before any is tried again", async () => {
  const addresses = addressesOf("10.0.0.1,10.0.0.2:1884");
  const seen: [string, boolean][] = [];
  for (let n = 0; n < 4; n++) seen.push([(await addresses.current()).text, addresses.next()]);
  const [first, second] = ["mqtt://10.0.0.1:1883", "mqtt://10.0.0.2:1884"];
  assertEquals(seen, [[first, false], [second, true], [first, false], [second, true]]);
});

Deno.test("a name with several addresses is several places; one with one, or none, stays a name", async () => {
  assertEquals(await round("three"), [
    "mqtt://three:1883 (10.0.0.1)",
    "mqtt://three:1883 (10.0.0.2)",
    "mqtt://three:1883 (10.0.0.3)",
  ]);
  for (const text of ["one", "here", "unknown", "ws://three", "[::1]"]) {
    assertEquals((await round(text)).length, 1, text);
  }
  assertEquals((await round("mqtts://three,mqtts://one")).length, 4);
});

Deno.test("a name is asked anew in each round", async () => {
  const names: Record<string, readonly string[]> = { cluster: ["10.0.0.1", "10.0.0.2"] };
  const addresses = addressesOf("cluster", names);
  await addresses.current();
  names.cluster = ["10.0.0.3", "10.0.0.4"];
  addresses.next();
  assertEquals([(await addresses.current()).ip, addresses.next()], ["10.0.0.2", true]);
  assertEquals((await addresses.current()).ip, "10.0.0.3");
});

Deno.test("a list is written and read, and must have TLS throughout or nowhere", () => {
  const text = "mqtts://a:8883,mqtts://b:1";
  assertEquals(writtenList(parseBrokers(text, undefined)), text);
  assertEquals(parseBrokers("a", 1).others, undefined);
  for (const wrong of ["mqtts://a,b", "a,,b", "a,", "a,http://b"]) {
    assertThrows(() => parseBrokers(wrong, undefined));
  }
  assertEquals(canBeOverheard(parseBrokers("127.0.0.1,10.0.0.1", undefined)), true);
});

Deno.test("a second --broker is no silent choice", () => {
  const parse = (...args: string[]) => parseCommandLine(args, {}, "abcdef");
  for (const second of [["--broker", "b"], ["--broker=b"]]) {
    const { message } = assertThrows(() => parse("--broker", "a", ...second)) as Error;
    assertEquals(message, "--broker is given twice: separate several addresses by commas, --broker a,b");
  }
  const request = parse("--broker", "a,b", "--port", "1884");
  assertEquals(request.kind === "run" && request.config.broker, {
    host: "a",
    port: 1884,
    url: "mqtt://a:1884",
    others: [{ host: "b", port: 1884, url: "mqtt://b:1884" }],
  });
});
