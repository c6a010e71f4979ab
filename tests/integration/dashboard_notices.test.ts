/** Notices from end to end: rules over the API, reports on a real broker, deliveries over HTTP and MQTT, and a restart. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { parseChannels } from "../../operator/dashboard/server/notice/channels/settings.ts";
import { startEmbedded } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { openDashboard, post } from "../support/dashboard.ts";
import { HookServer } from "../support/hook_server.ts";
import { withFolder } from "../support/temp_folder.ts";
import { ToldFleet } from "../support/told_fleet.ts";
import { until } from "../support/until.ts";

const RULE = {
  hold_seconds: 0,
  calm_seconds: 0,
  repeat_seconds: 0,
  channels: ["hook", "bus"],
  enabled: true,
};

async function board(url: string) {
  return await (await fetch(`${url}api/notices`)).json();
}

Deno.test("what a rule watches for is told once, over every channel, across a restart", () =>
  withFolder(async (folder) => {
    await using hook = new HookServer();
    await using broker = await startEmbedded();
    await using bus = await Bus.connect(broker.port);
    const fleet = new ToldFleet(bus);
    const options = {
      place: { kind: "folder" as const, folder },
      channels: parseChannels(
        JSON.stringify({
          hook: { kind: "webhook", url: hook.url },
          bus: { kind: "mqtt", topic: "house/notices" },
        }),
        "channels.json",
      ),
    };
    {
      await using dashboard = await openDashboard(broker.port, options);
      const { url } = dashboard;
      const failed = { name: "failures", watch: { kind: "agent_state", agent: "*", states: ["failed"] } };
      const saved = await post(`${url}api/rules`, { ...RULE, ...failed });
      assertEquals(saved.status, 200, JSON.stringify(saved.json));
      const tested = await post(`${url}api/rules/${saved.json.answer.id}/test`, {});
      assertEquals([tested.json.ok, tested.json.message], [true, "hook: accepted; bus: accepted"]);
      assertEquals((await hook.until(({ json }) => json.what === "test")).json.rule, "failures");

      await post(`${url}api/rules`, {
        ...RULE,
        name: "alerts",
        watch: { kind: "alert", agent: "*", severity: "warning" },
        calm_seconds: 600,
      });
      for (let count = 1; count <= 5; count++) await fleet.alert("attic", "noisy", `it is hot: ${count}`);
      await fleet.agent("attic", "broken", { state: "failed" });
      const told = await hook.until(({ json }) => json.subject === "broken");
      assertEquals(told.json.text, "Agent 'broken' on attic has failed");
      assertEquals(told.headers.get("idempotency-key"), told.json.id);
      await hook.until(({ json }) => json.subject === "noisy");
      await bus.on("house/notices", ({ json }) => json.subject === "broken" && json.what === "begins");
      const wrong = await post(`${url}api/rules`, { ...RULE, name: "x", watch: { kind: "node_off" } });
      assertEquals(wrong.status, 400);
      assertMatch(wrong.json.error, /^watch\.node: is missing/);
    }
    await using dashboard = await openDashboard(broker.port, options);
    const { url } = dashboard;
    await fleet.agent("attic", "broken", { state: "failed" });
    const after = await board(url);
    assertEquals(after.rules.length, 2);
    const noisy = after.notices.find(({ subject }: { subject: string }) => subject === "noisy");
    assert(noisy.count > 1, "one noisy agent is one notice");
    const acknowledged = await post(`${url}api/notices/${noisy.id}/acknowledge`, {});
    assertEquals(acknowledged.json.ok, true);
    await fleet.agent("attic", "broken", { state: "running" });
    await hook.until(({ json }) => json.subject === "broken" && json.what === "ends");
    assertEquals(
      hook.posts.filter(({ json }) => json.what === "begins").map(({ json }) => json.subject).sort(),
      ["broken", "noisy"],
    );
    assertEquals(new Set(hook.posts.map(({ json }) => json.id)).size, hook.posts.length);
    await until(
      "all is sent",
      async () => (await board(url)).deliveries.every(({ status }: { status: string }) => status === "sent"),
    );
  }));
