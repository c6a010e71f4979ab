/** What is said when ssh fails, and what a shell on the other side reads. */
import { assertEquals, assertMatch } from "@std/assert";
import { explain, shellQuote } from "../../../../operator/deploy/ssh.ts";

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
  assertEquals(say(""), "ssh failed without a word");
});

Deno.test("words reach a shell as they are", async () => {
  for (const word of ["plain", "it's", '$HOME `id` \\ "x"', "two\nlines", ""]) {
    const { stdout } = await new Deno.Command("sh", { args: ["-c", `printf %s ${shellQuote(word)}`] })
      .output();
    assertEquals(new TextDecoder().decode(stdout), word);
  }
});
