/** What is said when ssh fails, and what a shell on the other side reads. */
import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { ConfigError } from "../../../../protocol/config/config_error.ts";
import { checkDestination, explain, shellQuote } from "../../../../operator/deploy/ssh.ts";

Deno.test("failures of ssh come with what to do", () => {
  const say = (stderr: string) => explain(stderr, "pi@host");
  assertMatch(say("Host key verification failed.\r\n"), /run ssh pi@host once, and compare the fingerprint/);
  assertMatch(
    say("@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed."),
    /ssh-keygen -R/,
  );
  assertMatch(
    say("pi@host: Permission denied (publickey)."),
    /does not accept your key .*ssh-copy-id pi@host/,
  );
  assertMatch(
    say("ssh: connect to host host port 22: Connection refused"),
    /port 22: Connection refused: is its SSH server on/,
  );
  assertMatch(say("ssh: Could not resolve hostname host: Name or service not known"), /check the name/);
  assertMatch(
    say("ssh: connect to host host port 22: Connection timed out"),
    /is it on, and in this network/,
  );
  assertEquals(say(""), "ssh failed without any output");
});

Deno.test("words reach a shell as they are", async () => {
  for (const word of ["plain", "it's", '$HOME `id` \\ "x"', "two\nlines", ""]) {
    const { stdout } = await new Deno.Command("sh", { args: ["-c", `printf %s ${shellQuote(word)}`] })
      .output();
    assertEquals(new TextDecoder().decode(stdout), word);
  }
});

Deno.test("a destination is a host, and nothing that a shell or ssh would take for something else", () => {
  const good = [
    "device",
    "pi@192.168.1.52",
    "pi@kitchen.local",
    "küche",
    "my_alias-2",
    "fe80::1%eth0",
    "pi@fe80::1",
    "pi@[fe80::1]",
    "ssh://pi@10.0.0.2:2222",
    "ssh://[fe80::1%eth0]:22",
  ];
  for (const destination of good) assertEquals(checkDestination(destination), destination);
  const bad = [
    "",
    "$(id)",
    "pi@$(id)",
    "`id`",
    "$(id)@host",
    "pi@host;id",
    "pi@host|id",
    "pi@host&",
    "pi@{a,b}",
    "pi@ho'st",
    'pi@ho"st',
    "pi@~",
    "pi@*",
    "pi@host id",
    "pi@host\nProxyCommand=id",
    "-oProxyCommand=id",
    "pi@-oProxyCommand=id",
    "ssh://",
    "ssh://pi@$(id):22",
    "ssh://host:22/$(id)",
    "pi@host\u202e",
    "fe80::1%$(id)",
  ];
  for (const destination of bad) {
    assertThrows(() => checkDestination(destination), ConfigError, "the device must be like pi@192.168.1.52");
  }
});
