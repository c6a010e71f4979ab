/** The history of a fleet says whose key has signed each generation, and which commit its file was of. */
import { assertEquals, assertMatch } from "@std/assert";
import { startEmbedded } from "../support/brokers.ts";
import { ctlHere } from "../support/ctl_here.ts";
import { LightFleet } from "../support/light_fleet.ts";
import { connectOperator } from "../support/operator.ts";
import { needing, programs } from "../support/programs.ts";
import { keyFileText, newKey } from "../support/signing.ts";
import { gunzip, gzip } from "../../operator/gzip.ts";

const GIT = programs("git", "git");
type Row = Readonly<Record<string, unknown>>;

Deno.test({
  ...needing(
    GIT,
    "a generation is signed, verified, and refused where it is not what was signed; its commit is noted",
  ),
  fn: async () => {
    await using broker = await startEmbedded();
    await using _fleet = await LightFleet.start(broker.port, { hall: {} });
    const folder = await Deno.makeTempDir({ prefix: "agentflow-history-" });
    await using _folder = { [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
    const run = (...args: string[]) => ctlHere(broker.port, ...args);
    const [ana, bo] = [await newKey("ana"), await newKey("bo")];
    for (const key of [ana, bo]) {
      await Deno.writeTextFile(`${folder}/${key.kid}.json`, JSON.stringify(key), { mode: 0o600 });
    }
    await Deno.writeTextFile(`${folder}/trusted.json`, keyFileText([{ key: ana }, { key: bo }]));
    const signed = (who: string) => ["--sign-key", `${folder}/${who}.json`];
    await Deno.mkdir(`${folder}/repository`);
    const git = async (...args: string[]) => {
      const { stdout } = await new Deno.Command("git", {
        args: ["-C", `${folder}/repository`, "-c", "user.name=t", "-c", "user.email=t@localhost", ...args],
        stderr: "null",
      }).output();
      return new TextDecoder().decode(stdout).trim();
    };
    const file = `${folder}/repository/fleet.json`;
    const apply = async (poll_interval: number, ...args: string[]) => {
      const agents = [{ name: "x", code: "1", node: "hall", poll_interval }];
      await Deno.writeTextFile(file, JSON.stringify({ agents }));
      return await run("apply", file, ...args);
    };
    const listed = async (...args: string[]) =>
      (await run("history", "--json", ...args)).json.map((
        { generation, signed }: { generation: number; signed: Row },
      ) => [generation, signed.kind, signed.kid ?? ""].join(" ").trim());

    await git("init", "--quiet");
    assertEquals((await apply(1, ...signed("ana"))).code, 0);
    await git("add", ".");
    await git("commit", "--quiet", "--message", "one");
    assertEquals((await apply(2, ...signed("bo"))).code, 0);
    await git("commit", "--quiet", "--all", "--message", "two");
    // Applied as it was committed: only one field of the agent changes by hand.
    await run("stop", "x");
    assertEquals((await run("apply", file)).code, 0);
    const commits: Row[] = (await run("history", "--json")).json.map(({ git }: { git?: Row }) => git);
    assertEquals(commits.map((git) => git?.dirty), [false, true, undefined]);
    assertEquals(commits[0]?.commit, await git("rev-parse", "HEAD"));

    assertEquals(await listed(), ["3 unsigned", "2 unknown bo", "1 unknown ana"]);
    assertEquals(await listed(...signed("ana")), ["3 unsigned", "2 unknown bo", "1 valid ana"]);
    assertEquals(await listed("--trust", `${folder}/trusted.json`), [
      "3 unsigned",
      "2 valid bo",
      "1 valid ana",
    ]);
    assertMatch((await run("show", "--generation", "2", ...signed("bo"))).stderr, /^Signed by: bo$/m);

    const refused = await run("rollback", "--to", "2", ...signed("ana"));
    assertEquals(refused.code, 1);
    assertMatch(
      refused.stderr,
      /Generation 2 of fleet 'main' is signed by key 'bo', which is not known here/,
    );
    // Somebody who can write at the broker changes what was signed.
    await using operator = await connectOperator(broker.port);
    let kept = new Uint8Array();
    using _reading = await operator.bus.subscribe(
      "main/fleets/main/1",
      ({ payload }) => kept = new Uint8Array(payload),
    );
    await run("history");
    const forged = (await gunzip(kept)).replace('"poll_interval":1', '"poll_interval":9');
    await operator.bus.publish("main/fleets/main/1", await gzip(forged), { retain: true });
    assertEquals((await listed(...signed("ana"))).at(-1), "1 broken ana");
    const broken = await run("rollback", "--to", "1", ...signed("ana"));
    assertMatch(broken.stderr, /Generation 1 of fleet 'main' is not what key 'ana' has signed/);
    const both = ["--trust", `${folder}/trusted.json`, ...signed("ana")];
    assertEquals((await run("rollback", "--to", "2", ...both)).code, 0);
    assertEquals((await run("rollback", "--to", "3", "--unsigned", ...both)).code, 0);
  },
});
