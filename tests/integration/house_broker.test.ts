/** A node whose embedded broker serves the house: users, access rules, TLS and WebSocket. */
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "@std/path";
import type { IClientOptions } from "mqtt";
import { formatUser, hashPassword } from "../../protocol/broker/users.ts";
import { Bus } from "../support/bus.ts";
import { freePort } from "../support/brokers.ts";
import { CertificateAuthority, OPENSSL } from "../support/certificates.ts";
import { NodeProcess } from "../support/node_process.ts";
import { needing } from "../support/programs.ts";

const PASSWORD = "a password";
const CODE = `async function handle_task(agent, payload) { return { got: payload }; }`;

Deno.test({
  ...needing(
    OPENSSL,
    "an embedded broker lets its users in over TLS and WebSocket, and only operators command",
  ),
  fn: async () => {
    const dir = await Deno.makeTempDir();
    const authority = await CertificateAuthority.create(dir);
    const own = await authority.issue("own", { name: "broker", altNames: "DNS:localhost" });
    const hash = await hashPassword(new TextEncoder().encode(PASSWORD));
    const users = [
      { name: "me", role: "operator" as const, migrate: false, hash },
      { name: "home", role: "agents" as const, migrate: false, hash },
    ];
    const file = join(dir, "users.txt");
    await Deno.writeTextFile(file, users.map(formatUser).join("\n"), { mode: 0o600 });
    const [port, tls, ws, wss] = [freePort(), freePort(), freePort(), freePort()];
    const listen = `mqtts://0.0.0.0:${tls},ws://127.0.0.1:${ws},wss://127.0.0.1:${wss}`;
    await using node = await NodeProcess.start({
      name: "hall",
      port,
      args: [
        ...["--broker", "embedded", "--listen", listen, "--broker-users", file],
        ...["--broker-cert", own.certPath, "--broker-key", own.keyPath],
      ],
    });
    await node.logged(/The embedded broker listens/);
    const as = (username: string, password = PASSWORD): IClientOptions => ({
      username,
      password,
      ca: authority.ca.cert,
      connectTimeout: 5000,
    });

    await using me = await Bus.connectTo(`mqtts://localhost:${tls}`, as("me"));
    // The node in the same process has its way in, and agents theirs.
    await node.spawn(me, { name: "echo", code: CODE });
    const reply = { _reply_topic: "main/reply/1", payload: { n: 1 } };
    await me.publish("agents/by-name/echo/task", { _remote_task: true, ...reply });
    assertEquals((await me.on("main/reply/1")).json, { got: { n: 1 } });

    await using home = await Bus.connectTo(`ws://127.0.0.1:${ws}`, as("home"), "sensors/#");
    await home.publish("nodes/hall/stop_all", {});
    await home.publish("sensors/door", "open", { retain: true });
    assertEquals((await me.on("sensors/door")).text, "open");
    assertEquals((await home.on("sensors/door")).text, "open");
    assertEquals(me.all("nodes/hall/stop_all"), []);
    await node.logged(/does not let user 'home' publish to nodes\/hall\/stop_all/);

    await using other = await Bus.connectTo(`wss://localhost:${wss}`, as("me"));
    assertEquals((await other.on("sensors/door")).text, "open");
    for (const url of [`mqtt://127.0.0.1:${port}`, `mqtts://localhost:${tls}`, `ws://127.0.0.1:${ws}`]) {
      for (const stranger of [as("me", "wrong"), as("nobody"), { connectTimeout: 5000 }]) {
        await assertRejects(
          () => Bus.connectTo(url, { ca: authority.ca.cert, ...stranger }),
          Error,
          "Bad username",
        );
      }
    }
    assertMatch(node.stderr.join("\n"), /refuses user "nobody"/);
    await node.end();
    await Deno.remove(dir, { recursive: true });
  },
});
