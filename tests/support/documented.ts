/** A mosquitto as docs/security.md sets it up: its configuration, access rules and commands are read from there. */
import { join } from "@std/path";
import type { IClientOptions } from "mqtt";
import { freePort, MOSQUITTO, Mosquitto } from "./brokers.ts";
import { Bus } from "./bus.ts";
import { allSnippets } from "./documents.ts";
import { OPENSSL } from "./certificates.ts";
import { NodeProcess } from "./node_process.ts";
import { type Need } from "./programs.ts";

export const PASSWORD_TITLE = "# /etc/mosquitto/conf.d/agentflow.conf";
export const CERTIFICATE_TITLE = "# /etc/mosquitto/conf.d/agentflow.conf, with client certificates";
const ACL_TITLE = "# /etc/mosquitto/agentflow/acl";
const CA_TITLE = "# A CA, and the broker's certificate";
const CLIENT_TITLE = "# A certificate for the node edge-1";
const MOSQUITTO_FOLDER = "/etc/mosquitto/agentflow";

/** What such a broker takes. */
export const DOCUMENTED_BROKER: readonly Need[] = [MOSQUITTO, OPENSSL];

/** The code blocks for a broker, by the line that they begin with. */
const BLOCKS: ReadonlyMap<string, string> = new Map(
  (await allSnippets()).filter(({ mark }) => mark.kind === "run" && mark.scene === "broker")
    .map(({ text }) => [text.split("\n")[0] ?? "", text]),
);

/** Every block has to be one of these: no other is looked at. */
export const TITLES: readonly string[] = [
  PASSWORD_TITLE,
  CERTIFICATE_TITLE,
  ACL_TITLE,
  CA_TITLE,
  CLIENT_TITLE,
];

/** The code block that begins with the line `title`. */
export function documented(title: string): string {
  const block = BLOCKS.get(title);
  if (block === undefined) throw new Error(`docs/security.md has no code block that begins with '${title}'`);
  return `${block}\n`;
}

/** The users of the access rules in the page, and a password for each. */
export const PASSWORDS = {
  "edge-1": "hush-of-edge-1",
  operator: "hush-of-operator",
  agents: "hush-of-agents",
} as const;
export type User = keyof typeof PASSWORDS;

/** Invariant: the broker and its folder are gone when it has been disposed of. */
export class DocumentedBroker implements AsyncDisposable {
  private constructor(
    /** Where its certificates and rules are. */
    readonly folder: string,
    readonly broker: Mosquitto,
    readonly port: number,
    readonly webSocketPort: number,
    private readonly ca: string,
  ) {}

  /** @param title of the configuration in the page */
  static async start(title: string): Promise<DocumentedBroker> {
    const folder = await Deno.makeTempDir({ prefix: "agentflow-broker-" });
    await runShell(
      folder,
      documented(CA_TITLE).replaceAll("broker.lan", "localhost").replace("192.168.1.10", "127.0.0.1"),
    );
    await runShell(folder, documented(CLIENT_TITLE));
    await Deno.writeTextFile(join(folder, "acl"), documented(ACL_TITLE));
    await setPasswords(folder, PASSWORDS);
    const [port, webSocketPort] = [freePort(), freePort()];
    const config = documented(title)
      .replaceAll(MOSQUITTO_FOLDER, folder)
      .replace("listener 8883", `listener ${port} 127.0.0.1`)
      .replace("listener 8084", `listener ${webSocketPort} 127.0.0.1`);
    const broker = await Mosquitto.configured(port, config.split("\n"));
    const ca = await Deno.readTextFile(join(folder, "ca.crt"));
    return new DocumentedBroker(folder, broker, port, webSocketPort, ca);
  }

  get url(): string {
    return `mqtts://localhost:${this.port}`;
  }

  /** A client as one of the page's users, or as none. */
  connect(user: User | undefined, options: IClientOptions = {}): Promise<Bus> {
    const credentials = user === undefined ? {} : { username: user, password: PASSWORDS[user] };
    return Bus.connectTo(this.url, { ca: this.ca, ...credentials, ...options });
  }

  /** The node edge-1, with the arguments that make it known to this broker. */
  async startNode(
    args: readonly string[],
    env: Record<string, string> = {},
    url = this.url,
  ): Promise<NodeProcess> {
    return await NodeProcess.start({
      name: "edge-1",
      port: this.port,
      args: ["--broker", url, "--ca", join(this.folder, "ca.crt"), ...args],
      env,
    });
  }

  /** The arguments of a node that gives the password `password`. */
  async passwordArgs(password: string = PASSWORDS["edge-1"]): Promise<string[]> {
    const path = join(this.folder, "password");
    await Deno.writeTextFile(path, `${password}\n`, { mode: 0o600 });
    return ["--username", "edge-1", "--password-file", path];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.broker[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** Writes the password file of mosquitto into `folder`. */
export async function setPasswords(
  folder: string,
  passwords: Readonly<Record<string, string>>,
): Promise<void> {
  const lines = Object.entries(passwords).map(([user, password]) => `${user}:${password}\n`).join("");
  await Deno.writeTextFile(join(folder, "passwords"), lines);
  await runShell(folder, "mosquitto_passwd -U passwords");
}

async function runShell(cwd: string, script: string): Promise<void> {
  const command = new Deno.Command("bash", { args: ["-euo", "pipefail", "-c", script], cwd, stdin: "null" });
  const { success, stderr } = await command.output();
  if (!success) throw new Error(`${script}: ${new TextDecoder().decode(stderr)}`);
}
