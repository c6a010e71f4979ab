/** One mosquitto. */
import { findMosquitto, freePort, MOSQUITTO } from "../../support/brokers.ts";
import { clusterOf, type Product } from "../cluster.ts";
import { writeConfiguration } from "../configuration.ts";
import { ProcessMember } from "../process_member.ts";

export const mosquitto: Product = {
  name: "mosquitto",
  need: MOSQUITTO,
  isInCi: true,
  start: async (folder) => {
    const [port, path] = [freePort(), `${folder}/mosquitto.conf`];
    await writeConfiguration("mosquitto.conf", path, { "1883": port, "/var/lib/mosquitto/": `${folder}/` });
    // Where root runs the tests, mosquitto must stay root to write into their folder.
    if (Deno.uid() === 0) await Deno.writeTextFile(path, "user root\n", { append: true });
    return await clusterOf([
      new ProcessMember({ port, command: [findMosquitto() ?? "mosquitto", "-c", path] }),
    ]);
  },
};
