/** Three NATS servers with JetStream. */
import { freePort } from "../../support/brokers.ts";
import { findProgram, programs } from "../../support/programs.ts";
import { clusterOf, type Product } from "../cluster.ts";
import { writeConfiguration } from "../configuration.ts";
import { ProcessMember } from "../process_member.ts";

const MEMBERS = ["nats-1", "nats-2", "nats-3"] as const;

export const nats: Product = {
  name: "nats",
  need: programs("NATS", "nats-server"),
  isInCi: true,
  start: async (folder) => {
    const members = MEMBERS.map((name) => ({
      name,
      client: freePort(),
      route: freePort(),
      port: freePort(),
      path: `${folder}/${name}.conf`,
    }));
    const routes = Object.fromEntries(
      members.map(({ name, route }) => [`${name}:6222`, `127.0.0.1:${route}`]),
    );
    for (const { name, client, route, port, path } of members) {
      await writeConfiguration("nats.conf", path, {
        ...routes,
        "server_name: nats-1": `server_name: ${name}`,
        "0.0.0.0:4222": `127.0.0.1:${client}`,
        "0.0.0.0:6222": `127.0.0.1:${route}`,
        "0.0.0.0:1883": `127.0.0.1:${port}`,
        "/var/lib/nats": `${folder}/${name}`,
      });
    }
    return await clusterOf(members.map(({ port, path }) =>
      new ProcessMember({
        port,
        command: [findProgram("nats-server") ?? "nats-server", "-c", path, "-l", `${path}.log`],
        env: { GOMEMLIMIT: "200MiB" },
      })
    ));
  },
};
