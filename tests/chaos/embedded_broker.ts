/** The embedded broker as a process of its own, so that it can be killed: `deno run -A embedded_broker.ts PORT DIR`. */
import { startEmbeddedBroker } from "../../runner/broker/embedded.ts";

const [port, dir = ""] = Deno.args;
await startEmbeddedBroker({ port: Number(port), dir });
