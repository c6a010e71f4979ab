/** What a node says when it does not get in, against a real broker that is set up wrongly in every way. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { freePort, Mosquitto } from "../support/brokers.ts";
import { type Certificate, CertificateAuthority } from "../support/certificates.ts";
import { DOCUMENTED_BROKER, setPasswords } from "../support/documented.ts";
import { NodeProcess } from "../support/node_process.ts";
import { needing } from "../support/programs.ts";

const LOCAL = "DNS:localhost,IP:127.0.0.1";

/** Certificates, passwords and rules, in a folder that is gone after the test. */
class Desk implements AsyncDisposable {
  private constructor(
    readonly folder: string,
    readonly ca: CertificateAuthority,
    readonly server: Certificate,
  ) {}

  static async create(): Promise<Desk> {
    const folder = await Deno.makeTempDir({ prefix: "agentflow-refusals-" });
    const ca = await CertificateAuthority.create(folder);
    return new Desk(folder, ca, await ca.issue("server", { name: "server", altNames: LOCAL }));
  }

  get trust(): string[] {
    return ["--ca", this.ca.ca.certPath];
  }

  /** Lines of mosquitto.conf for a listener with TLS. */
  tls(port: number, { certPath, keyPath }: Certificate, more: readonly string[] = []): string[] {
    return [
      `listener ${port} 127.0.0.1`,
      `certfile ${certPath}`,
      `keyfile ${keyPath}`,
      "allow_anonymous true",
      ...more,
    ];
  }

  async write(name: string, content: string): Promise<string> {
    const path = join(this.folder, name);
    await Deno.writeTextFile(path, content, { mode: 0o600 });
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

const identity = ({ certPath, keyPath }: Certificate) => ["--cert", certPath, "--key", keyPath];

Deno.test({
  ...needing(
    DOCUMENTED_BROKER,
    "each way not to get in has its own reason in the log, and the node keeps trying",
  ),
  fn: async (test) => {
    await using desk = await Desk.create();
    const { ca, folder, server, trust } = desk;
    const wrongHost = await ca.issue("elsewhere", { name: "elsewhere", altNames: "DNS:elsewhere.example" });
    const expired = await ca.issue("expired", { name: "expired", altNames: LOCAL, days: -1 });
    const client = await ca.issue("client", { name: "client" });
    const late = await ca.issue("late", { name: "late", days: -1 });
    const otherFolder = join(folder, "other");
    await Deno.mkdir(otherFolder);
    const stranger = await CertificateAuthority.create(otherFolder, "other");
    const strange = await stranger.issue("strange", { name: "strange" });
    await setPasswords(folder, { known: "right" });
    const [plain, tls, elsewhere, old, mutual, passwords, ws, wss, wssOld, ruled] = Array.from(
      { length: 10 },
      freePort,
    ) as [number, number, number, number, number, number, number, number, number, number];
    const demand = [`cafile ${ca.ca.certPath}`, "require_certificate true"];
    const acl = await desk.write("acl", "user known\ntopic write nodes/+/heartbeat\n");
    await using _broker = await Mosquitto.configured(plain, [
      "per_listener_settings true",
      ...desk.tls(tls, server),
      ...desk.tls(elsewhere, wrongHost),
      ...desk.tls(old, expired),
      ...desk.tls(mutual, server, demand),
      ...[`listener ${passwords} 127.0.0.1`, `password_file ${folder}/passwords`, "allow_anonymous false"],
      ...[`listener ${ws} 127.0.0.1`, "protocol websockets", "allow_anonymous true"],
      ...desk.tls(wss, server, ["protocol websockets"]),
      ...desk.tls(wssOld, expired, ["protocol websockets"]),
      ...[`listener ${ruled} 127.0.0.1`, `password_file ${folder}/passwords`, `acl_file ${acl}`],
      // Last: it is the one that is waited for.
      ...[`listener ${plain} 127.0.0.1`, "allow_anonymous true"],
    ]);
    const known = ["--username", "known", "--password-file", await desk.write("right", "right\n")];
    const wrong = ["--username", "known", "--password-file", await desk.write("wrong", "hush\n")];

    const untrusted = "is not signed by the CA of --ca";
    const cases: [title: string, url: string, args: readonly string[], reason: string][] = [
      ["a CA of others", `mqtts://localhost:${tls}`, ["--ca", stranger.ca.certPath], untrusted],
      ["a CA of others, over WebSocket", `wss://localhost:${wss}`, ["--ca", stranger.ca.certPath], untrusted],
      [
        "no CA",
        `mqtts://localhost:${tls}`,
        [],
        "is not signed by a CA this machine trusts: give its CA with --ca FILE",
      ],
      ["an expired certificate", `mqtts://localhost:${old}`, trust, "the broker's certificate has expired"],
      ["one over WebSocket", `wss://localhost:${wssOld}`, trust, "the broker's certificate has expired"],
      [
        "a certificate of another host",
        `mqtts://localhost:${elsewhere}`,
        trust,
        "the broker's certificate is not for 'localhost' but for DNS:elsewhere.example",
      ],
      ["a host by its address", `mqtts://127.0.0.1:${elsewhere}`, trust, "is not for '127.0.0.1' but for"],
      [
        "no client certificate",
        `mqtts://localhost:${mutual}`,
        trust,
        "the broker demands a client certificate: give one",
      ],
      [
        "a client certificate of another CA",
        `mqtts://localhost:${mutual}`,
        [...trust, ...identity(strange)],
        "the broker does not know the CA that has signed the client certificate of --cert",
      ],
      [
        "an expired client certificate",
        `mqtts://localhost:${mutual}`,
        [...trust, ...identity(late)],
        "the client certificate of --cert has expired: renew it",
      ],
      [
        "a wrong password",
        `mqtt://localhost:${passwords}`,
        wrong,
        "the broker refuses the user name or password",
      ],
      ["no password", `mqtt://localhost:${passwords}`, [], "the broker refuses a client without a user name"],
      [
        "TLS to a port without",
        `mqtts://localhost:${plain}`,
        trust,
        "that port does not speak TLS: use the broker's TLS port",
      ],
      ["none to a port with TLS", `mqtt://localhost:${tls}`, [], "does that port expect TLS (mqtts://)"],
      ["WebSocket to a plain port", `ws://localhost:${plain}`, [], "or plain MQTT (mqtt://)"],
      ["WebSocket to one with TLS", `ws://localhost:${wss}`, [], "does that port expect TLS (wss://)"],
      ["TLS to a WebSocket without", `wss://localhost:${ws}`, trust, "that port does not speak TLS"],
      ["plain MQTT to a WebSocket", `mqtt://localhost:${ws}`, [], "WebSocket (ws://, wss://)?"],
    ];
    const open: [url: string, args: readonly string[]][] = [
      [`mqtts://localhost:${mutual}`, [...trust, ...identity(client)]],
      [`ws://localhost:${ws}`, []],
    ];

    // It takes until its second heartbeat: the others have their turn meanwhile.
    await using deaf = await start(`mqtt://localhost:${ruled}`, known);
    for (const [title, url, args, reason] of cases) {
      await test.step(title, async () => {
        await using node = await start(url, args);
        const line = await node.logged(new RegExp(escapeRegExp(reason)));
        assertStringIncludes(line, `WARNING No connection to the broker at ${url}: `);
        assertStringIncludes(line, ". Retrying until it is there.");
        // Not the end of it: it still runs when it is asked to end.
        assertEquals((await node.end()).code, 0);
        assertEquals(node.stderr.filter((said) => /hush|PRIVATE KEY/.test(said)), []);
      });
    }
    for (const [url, args] of open) {
      await test.step(`${url.split(":")[0]} with all that is asked for gets in`, async () => {
        await using node = await start(url, [...args, "--loglevel", "DEBUG"]);
        await node.logged(/in #1 nodes\/test-node\//);
      });
    }
    await test.step("rules that keep the node from its own topics", async () => {
      await deaf.logged(
        /WARNING The broker does not deliver this node's own messages under nodes\/test-node\//,
      );
    });
  },
});

Deno.test({
  ...needing(
    DOCUMENTED_BROKER,
    "a certificate that is renewed at the broker lets the node in without a restart",
  ),
  fn: async () => {
    await using desk = await Desk.create();
    const expired = await desk.ca.issue("served", { name: "served", altNames: LOCAL, days: -1 });
    const port = freePort();
    await using broker = await Mosquitto.configured(port, desk.tls(port, expired));
    await using node = await start(`mqtts://localhost:${port}`, desk.trust);
    await node.logged(/the broker's certificate has expired/);
    await desk.ca.issue("served", { name: "served", altNames: LOCAL });
    await broker.kill();
    await broker.restart();
    await node.logged(/Connected to mqtts:/);
  },
});

Deno.test({
  ...needing(DOCUMENTED_BROKER, "NODE_TLS_REJECT_UNAUTHORIZED does not make a node believe every broker"),
  fn: async () => {
    await using desk = await Desk.create();
    const [plain, port] = [freePort(), freePort()];
    // A broker that has WebSocket alone does not answer a bare connection, and could not be waited for.
    await using _broker = await Mosquitto.configured(plain, [
      ...desk.tls(port, desk.server, ["protocol websockets"]),
      `listener ${plain} 127.0.0.1`,
    ]);
    await using node = await start(`wss://localhost:${port}`, [], { NODE_TLS_REJECT_UNAUTHORIZED: "0" });
    await node.logged(/is not signed by a CA this machine trusts/);
  },
});

Deno.test("a file of access that cannot be used ends the start with code 2 and one line", async () => {
  await using node = await NodeProcess.start({
    port: 1,
    args: ["--username", "u", "--password-file", "/nonexistent/password"],
  });
  assertEquals(await node.exitCode(), 2);
  await node.end();
  assertEquals(node.stderr, [
    "agentflow-node: --password-file: cannot read '/nonexistent/password': no such file",
  ]);
});

Deno.test("a password that would leave the machine unencrypted gives a warning", async () => {
  await using node = await NodeProcess.start({
    port: 1,
    args: ["--broker", "mqtt://broker.invalid", "--username", "u"],
    env: { AGENTFLOW_PASSWORD: "hush" },
  });
  await node.logged(/WARNING The password goes to the broker unencrypted: use mqtts:\/\/ or wss:\/\//);
  await node.logged(/the name 'broker.invalid' cannot be resolved/);
  await node.end();
  assertEquals(node.stderr.filter((line) => line.includes("hush")), []);
});

function start(url: string, args: readonly string[], env: Record<string, string> = {}): Promise<NodeProcess> {
  return NodeProcess.start({ port: 1, args: ["--broker", url, ...args], env });
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
