/** The embedded broker as a process of its own, so that it can be killed: `deno run -A embedded_broker.ts PORT`. */
import { startEmbeddedBroker } from "../../runner/broker/embedded.ts";

await startEmbeddedBroker(Number(Deno.args[0]));
