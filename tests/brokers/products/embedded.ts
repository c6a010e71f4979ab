/** The broker inside the node, as a process of its own: it can be killed. */
import { fileURLToPath } from "node:url";
import { freePort } from "../../support/brokers.ts";
import { clusterOf, type Product } from "../cluster.ts";
import { ProcessMember } from "../process_member.ts";

const MAIN = fileURLToPath(new URL("../../chaos/embedded_broker.ts", import.meta.url));

export const embedded: Product = {
  name: "embedded",
  need: { name: "nothing", isThere: true, remedy: "" },
  isInCi: true,
  start: (folder) => {
    const port = freePort();
    const command = [Deno.execPath(), "run", "-A", MAIN, String(port), folder] as const;
    return clusterOf([new ProcessMember({ port, command: [...command] })]);
  },
};
