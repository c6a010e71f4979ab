/** Profiles: the file that saves typing is read strictly, and never mixes two brokers. */
import { assertEquals, assertThrows } from "@std/assert";
import { BROKER_FLAGS } from "../../../../protocol/broker/broker_flags.ts";
import { ConfigError } from "../../../../protocol/config/config_error.ts";
import { SIGN_KEY } from "../../../../operator/sign_key.ts";
import { parseProfiles, profilePath, profileValue } from "../../../../operator/ctl/profile.ts";

const PATH = "/etc/xdg/agentflow/config.json";
const parse = (file: unknown, chosen?: string) =>
  parseProfiles(typeof file === "string" ? file : JSON.stringify(file), PATH, chosen, "/home/me");

Deno.test("the file is where XDG says, else below the home folder", () => {
  assertEquals(profilePath({ XDG_CONFIG_HOME: "/x", HOME: "/home/me" }), "/x/agentflow/config.json");
  assertEquals(profilePath({ HOME: "/home/me" }), "/home/me/.config/agentflow/config.json");
  assertEquals(profilePath({}), undefined);
});

Deno.test("a profile gives flags; its paths are relative to the file, and ~ is the home folder", () => {
  const home = {
    broker: "mqtts://b",
    port: 8883,
    username: "me",
    password_file: "secret",
    ca: "~/ca.crt",
    sign_key: "/k",
  };
  assertEquals({ ...parse({ profiles: { home } }, "home") }, {
    broker: "mqtts://b",
    port: "8883",
    username: "me",
    "password-file": "/etc/xdg/agentflow/secret",
    ca: "/home/me/ca.crt",
    "sign-key": "/k",
  });
});

Deno.test("the default counts where none is chosen; without one, none does", () => {
  const file = { default: "a", profiles: { a: { broker: "one" }, b: { broker: "two" } } };
  assertEquals(parse(file).broker, "one");
  assertEquals(parse(file, "b").broker, "two");
  assertEquals({ ...parse({ profiles: file.profiles }) }, {});
});

Deno.test("a broker of one's own takes nothing of the profile's but the key that signs", () => {
  const profile = { broker: "one", username: "me", "sign-key": "/k" };
  assertEquals(profileValue(profile, BROKER_FLAGS.username, false), "me");
  assertEquals(profileValue(profile, BROKER_FLAGS.username, true), undefined);
  assertEquals(profileValue(profile, SIGN_KEY, true), "/k");
});

for (
  const [what, file, message] of [
    ["no JSON", "{", "is not JSON"],
    ["no profiles", {}, "profiles is missing"],
    [
      "an unknown field",
      { profiles: {}, colour: 1 },
      "colour is not a field: the fields are default, profiles",
    ],
    [
      "an unknown field of a profile",
      { profiles: { a: { host: "x" } } },
      "profiles.a.host is not a field: the fields are broker",
    ],
    [
      "a password",
      { profiles: { a: { password: "x" } } },
      "profiles.a.password does not belong in this file",
    ],
    ["a port that is none", { profiles: { a: { port: 70000 } } }, "profiles.a.port must be 1 to 65535"],
    ["a default that is not there", { default: "z", profiles: { a: {} } }, "has no profile 'z', only a"],
    [
      "a default from the prototype",
      { default: "toString", profiles: {} },
      "has no profile 'toString', only none",
    ],
  ] as const
) {
  Deno.test(`a file with ${what} is refused, in words that name the place`, () => {
    const error = assertThrows(() => parse(file), ConfigError, message);
    assertEquals(error.message.includes(PATH), true);
  });
}
