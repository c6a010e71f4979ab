/** RabbitMQ with its MQTT plugin: one member, or three with quorum queues. */
import { freePort } from "../../support/brokers.ts";
import { programs } from "../../support/programs.ts";
import { type Cluster, clusterOf, type Product } from "../cluster.ts";
import { writeConfiguration } from "../configuration.ts";
import { ProcessMember } from "../process_member.ts";
import { startPortMapper } from "./erlang.ts";

/** Debian's command on the path starts it as another user, with the system's folders. */
const SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server";
const NAMES = ["rabbit-1", "rabbit-2", "rabbit-3"] as const;
const limits = {
  "members share retained messages": "https://www.rabbitmq.com/docs/mqtt#retained",
  "retained messages by wildcard": "https://www.rabbitmq.com/docs/mqtt#retained",
};
const need = programs("RabbitMQ", "rabbitmq-server");

export const rabbitmq: Product = {
  name: "rabbitmq",
  need,
  limits,
  isInCi: true,
  start: (folder) => startMembers(folder, NAMES),
};

export const rabbitmqAlone: Product = {
  name: "rabbitmq-1",
  need,
  limits,
  isInCi: false,
  start: (folder) => startMembers(folder, ["rabbit-1"]),
};

async function startMembers(folder: string, names: readonly string[]): Promise<Cluster> {
  const mapper = await startPortMapper(folder);
  await Deno.writeTextFile(`${folder}/enabled_plugins`, "[rabbitmq_mqtt].\n");
  const members = await Promise.all(names.map(async (name) => {
    const [port, amqp, dist] = [freePort(), freePort(), freePort()];
    const path = `${folder}/${name}.conf`;
    // Further members are named in the file, but are not part of this cluster.
    const nodes = NAMES.map((one) => [`rabbit@${one}`, `${names.includes(one) ? one : name}@localhost`]);
    await writeConfiguration("rabbitmq.conf", path, {
      "127.0.0.1:5672": `127.0.0.1:${amqp}`,
      "0.0.0.0:1883": `127.0.0.1:${port}`,
      // Quorum queues are for three members and more.
      ...(names.length > 1
        ? {}
        : { "mqtt.durable_queue_type = quorum": "mqtt.durable_queue_type = classic" }),
      ...Object.fromEntries(nodes),
    });
    return new ProcessMember({
      port,
      command: [SERVER],
      env: {
        ...mapper.env,
        RABBITMQ_NODENAME: `${name}@localhost`,
        RABBITMQ_NODE_PORT: String(amqp),
        RABBITMQ_DIST_PORT: String(dist),
        RABBITMQ_CONFIG_FILE: path,
        RABBITMQ_CONF_ENV_FILE: "/dev/null",
        RABBITMQ_ENABLED_PLUGINS_FILE: `${folder}/enabled_plugins`,
        RABBITMQ_MNESIA_BASE: `${folder}/data`,
        RABBITMQ_LOG_BASE: `${folder}/log`,
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "+S 2:2 +sbwt none -kernel inet_dist_use_interface {127,0,0,1}",
      },
    });
  }));
  return await clusterOf(members, { also: [mapper], isFirstAlone: true });
}
