import { assertEquals } from "@std/assert";
import { registriesOf, variablesOf } from "../../../../protocol/packages/npmrc.ts";

const NPMRC = [
  "# registry=https://commented.test/",
  "registry = https://${HOST}/npm/",
  "@scope:registry=https://scope.test/\\${HOST}/${ABSENT}",
  "//scope.test/:_authToken=${TOKEN}",
  "//scope.test/:registry-auth=x",
].join("\r\n");

Deno.test("the variables that .npmrc names are known, but not those that it only writes of", () => {
  assertEquals(variablesOf(NPMRC), ["HOST", "ABSENT", "TOKEN"]);
});

Deno.test("of .npmrc an agent's process gets the registries alone, with what their variables hold", () => {
  assertEquals(
    registriesOf(NPMRC, { HOST: "a.test", TOKEN: "secret" }),
    "registry = https://a.test/npm/\n@scope:registry=https://scope.test/\\${HOST}/${ABSENT}",
  );
});

Deno.test("a variable that .npmrc marks as optional may be missing", () => {
  const npmrc = "registry=https://a.test/${TEAM?}npm/${PATH_PART?}";
  assertEquals(variablesOf(npmrc), ["TEAM", "PATH_PART"]);
  assertEquals(registriesOf(npmrc, { TEAM: "blue/" }), "registry=https://a.test/blue/npm/");
});
