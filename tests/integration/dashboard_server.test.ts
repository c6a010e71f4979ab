/** The dashboard's server over HTTP and WebSocket, with a real broker and a real node. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Secret } from "../../protocol/config/secret.ts";
import type { Dashboard } from "../../operator/dashboard/start.ts";
import { Signer } from "../../operator/signer.ts";
import { actorId } from "../../protocol/ids.ts";
import { MOSQUITTO, Mosquitto, startEmbedded } from "../support/brokers.ts";
import { openDashboard, post, rawStatus } from "../support/dashboard.ts";
import { LiveClient } from "../support/live_client.ts";
import { needing } from "../support/programs.ts";
import { newKey, TrustFolder } from "../support/signing.ts";
import { Stage } from "../support/stage.ts";
import { withFolder } from "../support/temp_folder.ts";

const TOKEN = "correct-horse-battery-staple";
const ECHO = "export function handle_task(agent, payload) { return { echo: payload }; }";

// deno-lint-ignore no-explicit-any -- tests look into answers of every shape
type Json = any;

async function getJson(url: string): Promise<Json> {
  const response = await fetch(url);
  assertEquals(response.status, 200, url);
  return await response.json();
}

const LAWS: Readonly<Record<string, (stage: Stage, dashboard: Dashboard) => Promise<void>>> = {
  "the API tells of nodes and agents, and what it has is described": async (stage, { url }) => {
    await using live = await LiveClient.open(url);
    await stage.spawn({ name: "told", description: "told of", code: ECHO });
    await live.until((fleet) => fleet.agents.get(actorId("told"))?.state === "running");
    const { nodes } = await getJson(`${url}api/nodes`);
    assertEquals(nodes.map(({ name, state }: Json) => [name, state]), [["test-node", "online"]]);
    await live.until((fleet) => fleet.agents.get(actorId("told"))?.description === "told of");
    const agent = await getJson(`${url}api/agents/told`);
    assertEquals([agent.name, agent.node, agent.state, agent.manifest.description], [
      "told",
      "test-node",
      "running",
      "told of",
    ]);
    assert((await getJson(`${url}api/agents/told/history`)).time.length > 0);
    assertEquals((await getJson(`${url}api/agents?state=failed`)).agents, []);
    assertEquals(await fetch(`${url}api/agents/nobody`).then(async (r) => [r.status, await r.json()]), [404, {
      error: "no agent has the id or name 'nobody'",
    }]);
    const { versions: [version] } = await getJson(`${url}api/agents/told/versions`);
    const { paths } = await getJson(`${url}api/openapi.json`);
    for (const path of Object.keys(paths).filter((path) => paths[path].get !== undefined)) {
      const filled = path.replace("{node}", "test-node").replace("{id}", actorId("told"))
        .replace("{version}", String(version.id)).slice(1);
      await getJsonOrText(`${url}${filled}`);
    }
  },

  "actions tell what the bus told": async (stage, { url }) => {
    const spawned = await post(`${url}api/nodes/test-node/spawn`, { name: "acted", code: ECHO });
    assertEquals([spawned.status, spawned.json.message], [200, "Agent 'acted' runs on test-node"]);
    const agent = `${url}api/agents/${actorId("acted")}`;
    assertEquals((await post(`${agent}/task`, { payload: [1] })).json.answer, { echo: [1] });
    assertEquals((await post(`${agent}/pause`, {})).json.ok, true);
    await stage.agent("acted").on("heartbeat", ({ state }) => state === "paused", 0);
    assertEquals((await post(`${agent}/resume`, {})).json.ok, true);
    const inspected = await getJson(`${agent}/inspect`);
    assertEquals([inspected.code, inspected.source, inspected.config.name], [ECHO, "node", "acted"]);
    const again = await post(`${url}api/nodes/test-node/spawn`, { name: "acted", code: ECHO });
    assertEquals(again.status, 409);
    assertStringIncludes(again.json.message, "already runs on test-node");
    const lost = await post(`${agent}/migrate`, { target_node: "test-node" });
    assertEquals([lost.status, lost.json.ok], [409, false]);
    const stopped = await post(`${agent}/stop`, {});
    assertEquals(stopped.json.message, "Agent 'acted' has stopped");
    const from = stage.bus.mark();
    const ended = await getJson(`${agent}/inspect`);
    assertEquals([ended.code, ended.source], [ECHO, "node"]);
    assertEquals((await post(`${agent}/start`, {})).json.message, "Agent 'acted' runs on test-node");
    assertEquals((await post(`${agent}/remove`, {})).status, 409, "it has not ended");
    assertEquals((await post(`${agent}/stop`, {})).json.ok, true);
    const questions = stage.bus.messages.slice(from).filter(({ topic }) => topic.endsWith("/inspect"));
    assertEquals(
      questions,
      [],
      "an agent that has ended is not asked for: its node would say so to everybody",
    );
    const twice = await post(`${agent}/stop`, {});
    assertMatch(twice.json.message, /not running/);
    const wrong = await post(`${url}api/nodes/test-node/spawn`, {
      name: "acted",
      code: ECHO,
      poll_interval: -1,
    });
    assertEquals([wrong.status, wrong.json.error], [
      400,
      "Cannot spawn 'acted': poll_interval must be above 0: current value is -1",
    ]);
    assertEquals((await post(`${url}api/nodes/test-node/stop_all`, {})).status, 400, "without confirmation");
  },

  "a dashboard that comes late shows what failed before, and starts again what ran before": async (stage) => {
    const failing = 'export function setup() { throw new Error("no such sensor"); }';
    const broken = await stage.launch({ name: "broken_before", code: failing, max_restarts: 0 });
    await broken.on("errors", ({ severity }) => severity === "fatal");
    await stage.spawn({ name: "ran_before", code: ECHO });
    await using late = await openDashboard(stage.broker.port);
    await using live = await LiveClient.open(late.url);
    await live.until(({ agents }) => agents.get(actorId("broken_before"))?.state === "failed");
    const { errors } = await getJson(`${late.url}api/agents/broken_before/errors`);
    assertStringIncludes(errors.at(-1).error, "no such sensor");
    // It asks its nodes with their heartbeats, and anew before it stops an agent.
    await live.until(({ agents }) => agents.get(actorId("ran_before"))?.state === "running");
    const agent = `${late.url}api/agents/${actorId("ran_before")}`;
    assertEquals((await post(`${agent}/stop`, {})).json.ok, true);
    await live.until(({ agents }) => agents.get(actorId("ran_before"))?.state === "stopped");
    assertEquals((await getJson(`${agent}/inspect`)).code, ECHO);
    assertEquals((await post(`${agent}/start`, {})).json.message, "Agent 'ran_before' runs on test-node");
    const failed = `${late.url}api/agents/${actorId("broken_before")}`;
    const unknown = await post(`${failed}/start`, {});
    assertEquals(unknown.status, 409);
    assertStringIncludes(unknown.json.error, "has not told the code");
    assertEquals((await post(`${failed}/remove`, {})).json.ok, true);
    await live.until(({ agents }) => !agents.has(actorId("broken_before")));
  },

  "after a restart, the dashboard shows what it knew, and starts again what its node has forgotten": (
    stage,
  ) =>
    withFolder(async (folder) => {
      const place = { kind: "folder", folder } as const;
      const failing = 'export function setup() { throw new Error("no such sensor"); }';
      const id = actorId("kept");
      const nowSeconds = () => Math.ceil(Date.now() / 1000);
      {
        await using dashboard = await openDashboard(stage.broker.port, { place });
        await using live = await LiveClient.open(dashboard.url);
        const spawn = `${dashboard.url}api/nodes/test-node/spawn`;
        assertEquals((await post(spawn, { name: "kept", code: ECHO })).status, 200);
        const mistaken = { name: "kept", code: failing, replace: true, rollback: false, max_restarts: 0 };
        assertEquals((await post(spawn, mistaken)).status, 409);
        await live.until(({ agents }) => agents.get(id)?.state === "failed");
        await live.until(({ nodes }) => nodes.get("test-node")?.memory_mb !== null);
      }
      await using dashboard = await openDashboard(stage.broker.port, { place });
      await using live = await LiveClient.open(dashboard.url);
      const { url } = dashboard;
      assertEquals(live.fleet.agents.get(id)?.state, "failed");
      const { errors } = await getJson(`${url}api/agents/kept/errors`);
      assertEquals(
        errors.filter(({ severity }: Json) => severity === "fatal").length,
        1,
        "it is not told twice",
      );
      assertStringIncludes(errors.at(-1).error, "no such sensor");
      assert(
        (await getJson(`${url}api/agents/kept/events`)).events.some(({ kind }: Json) => kind === "failed"),
      );
      const span = `from=${nowSeconds() - 300}&to=${nowSeconds()}`;
      assert((await getJson(`${url}api/nodes/test-node/history?${span}`)).memory_mb.value.length > 0);
      const { versions } = await getJson(`${url}api/agents/kept/versions`);
      assertEquals(versions.map(({ source, ran }: Json) => [source, ran]), [["spawn", false], [
        "dashboard",
        true,
      ]]);
      const { code, config } = await getJson(`${url}api/agents/kept/versions/${versions[1].id}`);
      assertEquals([code, config.name], [ECHO, "kept"]);
      const { actions } = await getJson(`${url}api/audit`);
      assertEquals(actions.map(({ action, target, who, ok }: Json) => [action, target, who, ok]), [
        ["spawn", "test-node", "127.0.0.1", true],
        ["spawn", "test-node", "127.0.0.1", false],
      ]);
      const started = await post(`${url}api/agents/${id}/start`, {});
      assertEquals(started.json.message, "Agent 'kept' runs on test-node", "with what ran before");
    }),

  "log lines come live to those who want them, filtered by the server": async (stage, { url }) => {
    await using live = await LiveClient.open(url);
    live.wantLogs({ text: "wanted" });
    const code =
      'export async function process(agent) { await agent.log("wanted"); await agent.log("other"); }';
    const agent = await stage.spawn({ name: "talks", code });
    await agent.logged("other");
    await live.until(({ logs }) => logs.length > 2);
    assertEquals(new Set(live.fleet.logs.map(({ message }) => message)), new Set(["wanted"]));
    const { logs } = await getJson(`${url}api/logs?agent=talks&text=OTHER&limit=2`);
    assertEquals(logs.map(({ message }: Json) => message), ["other", "other"]);
    await post(`${url}api/agents/${actorId("talks")}/stop`, {});
  },

  "metrics are in the form that Prometheus reads": async (stage, { url }) => {
    await stage.spawn({ name: "measured", code: ECHO });
    const text = await (await fetch(`${url}metrics`)).text();
    assertMatch(text, /^agentflow_node_up\{node="test-node"\} 1$/m);
    assertMatch(text, /^agentflow_dashboard_broker_connected 1$/m);
    for (const line of text.trim().split("\n")) {
      assertMatch(line, /^(# (HELP|TYPE) .+|[a-z_]+(\{([a-z_]+="[^"]*",?)*\})? -?[\d.e+-]+)$/);
    }
  },

  "requests of other websites are refused": async (_stage, { url }) => {
    const { host } = new URL(url);
    const evil = { origin: "http://evil.example" };
    assertEquals(
      (await post(`${url}api/nodes/test-node/stop_all`, { confirm: "test-node" }, evil)).status,
      403,
    );
    assertEquals((await post(`${url}api/nodes/x/spawn`, {}, { "sec-fetch-site": "cross-site" })).status, 403);
    const form = await fetch(`${url}api/nodes/x/spawn`, {
      method: "POST",
      body: "a=b",
      headers: { "content-type": "text/plain" },
    });
    assertEquals(form.status, 403);
    await form.body?.cancel();
    assertEquals(
      await rawStatus(url, "GET / HTTP/1.1\r\nHost: evil.example"),
      403,
      "another name for this address",
    );
    assertEquals(await rawStatus(url, `GET / HTTP/1.1\r\nHost: ${host}`), 200);
    const upgrade =
      "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    assertEquals(
      await rawStatus(
        url,
        `GET /live HTTP/1.1\r\nHost: ${host}\r\n${upgrade}\r\nOrigin: http://evil.example`,
      ),
      403,
    );
    assertEquals(
      await rawStatus(url, `GET /live HTTP/1.1\r\nHost: ${host}\r\n${upgrade}\r\nOrigin: http://${host}`),
      101,
    );
  },

  "the page may run nothing but its own files": async (_stage, { url }) => {
    const response = await fetch(url);
    const policy = response.headers.get("content-security-policy") ?? "";
    assertStringIncludes(policy, "default-src 'none'");
    assertStringIncludes(policy, "require-trusted-types-for 'script'");
    assertEquals(/unsafe-inline|unsafe-eval|https?:/.test(policy), false, policy);
    const html = await response.text();
    for (const [, path] of html.matchAll(/(?:src|href)="([^"]+)"/g)) {
      const file = await fetch(new URL(path ?? "", url));
      assertEquals(file.status, 200, path);
      await file.body?.cancel();
    }
    assertEquals(/<script(?! type="module" src="\/)/.test(html), false, "no script but the page's");
  },
};

async function getJsonOrText(url: string): Promise<void> {
  const response = await fetch(url);
  assertEquals(response.status, 200, url);
  await response.body?.cancel();
}

Deno.test("dashboard server", async (t) => {
  await using stage = await Stage.set();
  await using dashboard = await openDashboard(stage.broker.port);
  for (const [name, law] of Object.entries(LAWS)) {
    await t.step({ name, fn: () => law(stage, dashboard), sanitizeOps: false, sanitizeResources: false });
  }
});

Deno.test("a dashboard that only shows does nothing, and keeps code to itself", async () => {
  await using stage = await Stage.set();
  await using dashboard = await openDashboard(stage.broker.port, { allowControl: false, showCode: false });
  await using live = await LiveClient.open(dashboard.url);
  await stage.spawn({ name: "guarded", code: ECHO });
  await live.until((fleet) => fleet.agents.get(actorId("guarded"))?.state === "running");
  const agent = `${dashboard.url}api/agents/${actorId("guarded")}`;
  for (const action of ["stop", "delete", "pause", "restart", "migrate", "task"]) {
    const response = await post(`${agent}/${action}`, {});
    assertEquals([response.status, response.json.error.includes("--allow-control")], [403, true]);
  }
  assertEquals(
    (await post(`${dashboard.url}api/nodes/test-node/spawn`, { name: "x", code: "" })).status,
    403,
  );
  const inspected = await getJson(`${agent}/inspect`);
  assertEquals([inspected.code, inspected.config.code], [null, undefined]);
});

Deno.test("a dashboard with a token answers to the token, and to sessions that have shown it", async () => {
  await using broker = await startEmbedded();
  await using dashboard = await openDashboard(broker.port, { token: new Secret(TOKEN) });
  const { url } = dashboard;
  const statusOf = async (path: string, headers: HeadersInit = {}) => {
    const response = await fetch(`${url}${path}`, { headers });
    await response.body?.cancel();
    return response.status;
  };
  for (const path of ["api/nodes", "api/session", "metrics", "live", "api/agents/x/inspect"]) {
    assertEquals(await statusOf(path), 401, path);
    assertEquals(await statusOf(path, { authorization: `Bearer ${TOKEN}x` }), 401, path);
  }
  assertEquals(await statusOf("healthz"), 200);
  assertEquals(await statusOf(""), 200, "the page asks for the token");
  assertEquals(await statusOf("metrics", { authorization: `Bearer ${TOKEN}` }), 200);
  assertEquals((await post(`${url}api/login`, { token: "wrong" })).status, 401);
  const login = await post(`${url}api/login`, { token: TOKEN });
  const cookie = (login.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  assertMatch(login.headers.get("set-cookie") ?? "", /HttpOnly; SameSite=Strict/);
  assertEquals(cookie.includes(TOKEN), false);
  assertEquals(await statusOf("api/nodes", { cookie }), 200);
  await post(`${url}api/logout`, {}, { cookie });
  assertEquals(await statusOf("api/nodes", { cookie }), 401);
});

Deno.test("nodes that obey signed commands only obey a dashboard that signs", async () => {
  const key = await newKey("dashboard");
  await using trust = await TrustFolder.make([{ key }]);
  await using stage = await Stage.set({ args: ["--trust", trust.keyFile] });
  await using stranger = await openDashboard(stage.broker.port);
  const config = { name: "signed", code: ECHO };
  const refused = await post(`${stranger.url}api/nodes/test-node/spawn`, config);
  assertEquals(refused.status, 409);
  assertMatch(refused.json.message, /sign/);
  await using dashboard = await openDashboard(stage.broker.port, { signer: new Signer(key) });
  const spawned = await post(`${dashboard.url}api/nodes/test-node/spawn`, config);
  assertEquals(spawned.json.message, "Agent 'signed' runs on test-node");
  const agent = `${dashboard.url}api/agents/${actorId("signed")}`;
  assertEquals((await post(`${agent}/pause`, {})).json.ok, true);
  assertEquals((await getJson(`${agent}/inspect`)).source, "node");
  assertEquals((await post(`${agent}/stop`, {})).json.ok, true);
});

Deno.test("a dashboard says when it has no broker, and comes back with it", async () => {
  const broker = await startEmbedded();
  const { port } = broker;
  await using dashboard = await openDashboard(port);
  await using live = await LiveClient.open(dashboard.url);
  await broker[Symbol.asyncDispose]();
  await live.until(({ broker }) => broker?.connected === false);
  const sick = await fetch(`${dashboard.url}healthz`);
  assertEquals([sick.status, (await sick.json()).ok], [503, false]);
  const refused = await post(`${dashboard.url}api/nodes/n/spawn`, { name: "x", code: ECHO });
  assertMatch(refused.json.message, /No connection to the broker/);
  await using _again = await startEmbedded(port);
  await live.until(({ broker }) => broker?.connected === true);
});

Deno.test({
  ...needing(MOSQUITTO, "a broker that starts again makes no node offline that comes back to it"),
  fn: async () => {
    const mosquitto = await Mosquitto.start();
    await using stage = await Stage.set({ startBroker: () => Promise.resolve(mosquitto) });
    await using dashboard = await openDashboard(stage.broker.port);
    await using live = await LiveClient.open(dashboard.url);
    await live.until(({ nodes }) => nodes.get("test-node")?.online === true);
    await mosquitto.kill("SIGTERM");
    await live.until(({ broker }) => broker?.connected === false);
    const from = stage.bus.mark();
    await mosquitto.restart();
    await live.until(({ broker }) => broker?.connected === true);
    await stage.bus.on("nodes/test-node/status", ({ json }) => json.status === "online", from);
    const { nodes, events } = live.fleet;
    assertEquals(nodes.get("test-node")?.online, true);
    assertEquals(events.filter(({ kind, node }) => kind === "offline" && node !== null), []);
    assertEquals(events.filter(({ node }) => node === null).map(({ kind }) => kind), ["offline", "online"]);
  },
});

Deno.test("who has not shown the token is not listened to for long: bodies that do not end hold no memory", async () => {
  await using broker = await startEmbedded();
  await using dashboard = await openDashboard(broker.port, { token: new Secret(TOKEN) });
  const { hostname, port, host } = new URL(dashboard.url);
  const head = `POST /api/login HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n`;
  const piece = new Uint8Array(64 * 1024).fill(0x20);
  const attack = async (more: string, frame: (bytes: Uint8Array) => Uint8Array) => {
    const connection = await Deno.connect({ hostname, port: Number(port) });
    await connection.write(new TextEncoder().encode(`${head}${more}\r\n`));
    // It goes on sending until it is answered or cut off, and never ends.
    const sending = (async () => {
      for (let sent = 0; sent < 8 * 1024 * 1024 - piece.length; sent += piece.length) {
        await connection.write(frame(piece));
      }
    })().catch(() => {});
    const answer = new Uint8Array(64);
    const timer = setTimeout(() => connection.close(), 30_000);
    const count = await connection.read(answer).catch(() => null) ?? 0;
    clearTimeout(timer);
    try {
      connection.close();
    } catch {
      // It was given up above.
    }
    await sending;
    return new TextDecoder().decode(answer.subarray(0, count)).split(" ")[1];
  };
  const chunked = (bytes: Uint8Array) =>
    new Uint8Array([...new TextEncoder().encode(`${bytes.length.toString(16)}\r\n`), ...bytes, 13, 10]);
  const attacks = Array.from({ length: 20 }, () => [
    attack("Content-Length: 8388608\r\n", (bytes) => bytes),
    attack("Transfer-Encoding: chunked\r\n", chunked),
  ]).flat();
  // Who goes on sending to a closed connection may lose the answer; none of them is waited for.
  const answers = await Promise.all(attacks);
  assertEquals(answers.filter((status) => status !== "413" && status !== undefined), []);
  assert(answers.includes("413"), answers.join());
  assertEquals((await post(`${dashboard.url}api/login`, { token: TOKEN })).status, 200);
});
