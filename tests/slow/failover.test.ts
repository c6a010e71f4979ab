/** An agent moves when its node is gone, once, though two watchdogs watch; the node yields when it returns. */
import { failOver } from "../support/failover_scene.ts";

Deno.test("the agent of a node that has died starts on another one, and the node yields when it returns", async () => {
  await failOver(
    async (node) => void await node.end("SIGKILL"),
    async (_node, start) => await start(),
  );
});

Deno.test("the agent of a frozen node starts on another one, and the node yields when it goes on", async () => {
  await failOver(
    (node) => Promise.resolve(node.child.kill("SIGSTOP")),
    (node) => {
      node.child.kill("SIGCONT");
      return Promise.resolve(node);
    },
  );
});
