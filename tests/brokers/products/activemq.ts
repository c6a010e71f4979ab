/** One ActiveMQ 5 with its MQTT connector. */
import { freePort } from "../../support/brokers.ts";
import { clusterOf, type Product } from "../cluster.ts";
import { writeConfiguration } from "../configuration.ts";
import { ProcessMember } from "../process_member.ts";

/** Where Debian puts it. */
const HOME = "/usr/share/activemq";
const JAR = `${HOME}/bin/activemq.jar`;
/** Its MQTT connector needs this, but Debian's package does not depend on it. */
const CODEC = "/usr/share/java/mqtt-client.jar";

export const activemq: Product = {
  name: "activemq",
  // Not in the table of programs: CI does not install it.
  need: {
    name: "ActiveMQ",
    isThere: isThere(JAR) && isThere(CODEC),
    remedy: "sudo apt-get install activemq libmqtt-client-java",
  },
  isInCi: false,
  start: async (folder) => {
    const [port, path] = [freePort(), `${folder}/activemq.xml`];
    await writeConfiguration("activemq.xml", path, {
      "127.0.0.1:1883": `127.0.0.1:${port}`,
      "/var/lib/activemq": folder,
    });
    // It loads what lies in the folder lib of its base.
    await Deno.mkdir(`${folder}/lib`);
    await Deno.symlink(CODEC, `${folder}/lib/mqtt-client.jar`);
    return await clusterOf([
      new ProcessMember({
        port,
        command: [
          "java",
          ...[
            "-Xmx256m",
            `-Dactivemq.home=${HOME}`,
            `-Dactivemq.base=${folder}`,
            `-Dactivemq.data=${folder}`,
          ],
          ...[`-Dactivemq.conf=${folder}`, "-jar", JAR, "start", `xbean:file:${path}`],
        ],
      }),
    ]);
  },
};

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
