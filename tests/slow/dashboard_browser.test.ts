/** The dashboard as an operator sees it: a real browser, a real broker, real nodes and agents. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Page } from "playwright-core";
import type { Dashboard } from "../../operator/dashboard/start.ts";
import { Secret } from "../../protocol/config/secret.ts";
import { actorId } from "../../protocol/ids.ts";
import { VIEW_ROWS } from "../../operator/dashboard/page/logic/views.ts";
import { axeFindings } from "../support/axe.ts";
import { CHROMIUM, TestBrowser } from "../support/browser.ts";
import { startBroker, startEmbedded } from "../support/brokers.ts";
import { openDashboard, post } from "../support/dashboard.ts";
import { NodeProcess } from "../support/node_process.ts";
import { Stage } from "../support/stage.ts";
import { FreezingProxy } from "../support/freezing_proxy.ts";
import { needing } from "../support/programs.ts";

const STILL = "export function handle_task(agent, payload) { return { echo: payload, node: agent.node }; }";
const CRASHES = "export async function process() { Deno.exit(1); }";

interface Scene {
  readonly stage: Stage;
  readonly dashboard: Dashboard;
  readonly browser: TestBrowser;
  readonly page: Page;
  readonly complaints: string[];
}

/** Where the list shows an agent. */
const rowOf = (agent: string) => `[data-agent="${agent}"]`;
const stateIn = (agent: string, state: string) => `${rowOf(agent)} .state-${state}`;

async function show(scene: Scene, hash: string): Promise<void> {
  // Another part of the same page would keep what an earlier law has left in it; so do drafts.
  if (scene.page.url().startsWith("http")) await scene.page.evaluate("sessionStorage.clear()");
  await scene.page.goto("about:blank");
  await scene.page.goto(`${scene.dashboard.url}${hash}`);
}

/**
 * Presses until a dialog is there: the answer to what was done before may come while the page shows what was before that,
 * and a button that goes off under the finger is not pressed.
 */
async function openDialog(page: Page, button: string): Promise<void> {
  const deadlineMs = Date.now() + 20_000;
  while (await page.locator("dialog").count() === 0) {
    assert(Date.now() < deadlineMs, `no dialog has come for ${button}`);
    await page.click(`button:has-text('${button}')`, { timeout: 1000 }).catch(() => {});
    await page.waitForSelector("dialog", { timeout: 1000 }).catch(() => {});
  }
}

const LAWS: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
  "a spawned agent appears, and its state is told in words": async (scene) => {
    await show(scene, "#/agents");
    await scene.page.waitForSelector("[data-node=test-node]");
    const startMs = performance.now();
    await scene.stage.launch({ name: "appears", code: STILL });
    await scene.page.waitForSelector(stateIn("appears", "running"));
    // deno-lint-ignore no-console -- told, not asserted: it depends on what else the machine does
    console.log(`spawn published → shown as running: ${Math.round(performance.now() - startMs)} ms`);
    assertEquals(await scene.page.textContent(stateIn("appears", "running")), "running");
  },

  "a crash shows restarting, then failed, and why": async (scene) => {
    await show(scene, "#/agents");
    await scene.stage.launch({ name: "crashes", code: CRASHES, max_restarts: 1, restart_delay: 1.5 });
    await scene.page.waitForSelector(stateIn("crashes", "restarting"));
    await scene.page.waitForSelector(stateIn("crashes", "failed"));
    await show(scene, `#/agents/${actorId("crashes")}`);
    await scene.page.click("#tab-errors");
    await scene.page.waitForSelector(".level-fatal");
    await scene.page.click("#tab-timeline");
    await scene.page.waitForSelector(".kind-restarting");
    await scene.page.waitForSelector(".kind-failed");
  },

  "an agent is spawned from the page, with code completed by the editor": async (scene) => {
    const { page } = scene;
    await show(scene, "#/spawn");
    await page.selectOption("[aria-label=Template]", "counter");
    await page.waitForSelector(".cm-content >> text=setup");
    await page.click(".cm-content");
    await page.keyboard.press("Control+a");
    await page.keyboard.type("export async function setup(agent) {\nagent.set_st");
    await page.waitForSelector(".cm-tooltip-autocomplete >> text=set_status");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+a");
    await page.keyboard.insertText(
      `export async function setup(agent) { await agent.log("from the page"); }\n${STILL}`,
    );
    await page.fill("[name=name]", "from_page");
    await page.fill("[name=description]", "spawned by hand");
    await page.click("button:has-text('Spawn'):not([title])[type=submit]");
    await page.waitForSelector(".outcome-good >> text=Agent 'from_page' runs on test-node");
    await scene.stage.agent("from_page").task({ a: 1 });
    await page.click("text=Open from_page");
    await page.waitForSelector("text=spawned by hand");
    await page.click("#tab-code");
    await page.waitForSelector(".cm-content >> text=from the page");
    await page.click("#tab-logs");
    await page.waitForSelector(".log-text >> text=from the page");
  },

  "code in Python is coloured and completed as Python, once it looks like it or somebody says so": async (
    { page, ...scene },
  ) => {
    await show({ page, ...scene }, "#/spawn");
    await page.selectOption("[aria-label=Template]", "running_mean, in Python");
    await page.waitForSelector(".cm-content .tok-keyword:text-is('def')");
    assertEquals(await page.inputValue("[name=name]"), "running_mean");
    await page.click(".cm-content");
    await page.keyboard.press("Control+End");
    await page.keyboard.type("\nagent.publ");
    await page.waitForSelector(
      ".cm-tooltip-autocomplete >> text=await (topic, data, qos=1, retain=False, local=False)",
    );
    await page.keyboard.press("Escape");
    await page.selectOption("[name=language]", "typescript");
    await page.waitForSelector(".cm-content:not(:has(.tok-keyword:text-is('def')))");
  },

  "a spawn that fails says why, as the node does": async (scene) => {
    const { page } = scene;
    await show(scene, "#/spawn");
    await page.click("button[type=submit]");
    await page.waitForSelector("text=1 to 64 of A-Z");
    await page.fill("[name=name]", "never_runs");
    await page.waitForSelector(".cm-content");
    await page.click(".cm-content");
    await page.keyboard.press("Control+a");
    await page.keyboard.insertText('export function setup() { throw new Error("no such sensor"); }');
    await page.click("button[type=submit]");
    await page.waitForSelector(".outcome-bad >> text=no such sensor");
  },

  "what is said in words is shown in full, and done after a yes": async (scene) => {
    const { page, stage } = scene;
    const from = stage.bus.mark();
    await show(scene, "#/chat");
    await page.waitForSelector("text=No model is set");
    await page.fill(
      "[aria-label=Sentence]",
      "deploy an alert on test-node for sensors/temperature above 30 as said",
    );
    await page.keyboard.press("Shift+Enter");
    await page.keyboard.press("Backspace");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".chat-action h3:focus >> text=Spawn an agent");
    await page.waitForSelector("[aria-label='The action in full'] >> text=permissions: {}");
    await page.waitForSelector(".nav .badge-warn >> text=1");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.waitForSelector("button:focus >> text=Yes");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.waitForSelector("text=You said no: nothing was done.");
    await page.waitForSelector("[aria-label=Sentence]:focus");
    assertEquals(stage.bus.messages.slice(from).filter(({ topic }) => topic.endsWith("/spawn")), []);
    await page.keyboard.type("deploy an alert on test-node for sensors/temperature above 30 as said");
    await page.click("button:has-text('Send')");
    await page.click("button:has-text('Yes')");
    await page.waitForSelector(".chat-result >> text=Agent 'said' runs on test-node");
    // What was said is still there after a look at the agent.
    await page.click("nav >> text=Agents");
    await page.waitForSelector(stateIn("said", "running"));
    await page.click("nav >> text=Chat");
    await page.waitForSelector(".chat-result >> text=Agent 'said' runs on test-node");
    await page.fill("[aria-label=Sentence]", "stop <img src=x onerror='window.hacked=1'>");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".chat-you >> text=<img src=x");
    await page.waitForSelector(".chat-note >> text=Not understood");
    const description = "<img src=x onerror='window.hacked=1'> says yes";
    const evil = await stage.spawn({ name: "marked_up", code: STILL, description });
    await evil.on("manifest");
    await page.waitForSelector("button:has-text('Send')");
    await page.fill("[aria-label=Sentence]", "what is running on test-node");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".chat-table td >> text=<img src=x");
    assertEquals(await page.evaluate("window.hacked"), undefined);
    assertEquals(await page.locator("main img").count(), 0);
  },

  "a task is called, and its reply is shown": async (scene) => {
    const { page } = scene;
    await scene.stage.spawn({ name: "called", code: STILL });
    await show(scene, `#/agents/${actorId("called")}`);
    await page.click("button:has-text('Call handle_task')");
    await page.fill("dialog textarea", "{");
    await page.waitForSelector("dialog >> text=Not JSON");
    await page.fill("dialog textarea", '{"question": 42}');
    await page.click("dialog button[type=submit]");
    await page.waitForSelector('dialog pre >> text="question": 42');
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog", { state: "detached" });
  },

  "an agent is paused, resumed, restarted, stopped and deleted by its buttons": async (scene) => {
    const { page } = scene;
    await scene.stage.spawn({ name: "pressed", code: STILL });
    await show(scene, `#/agents/${actorId("pressed")}`);
    await page.click("button:has-text('Pause')");
    await page.waitForSelector(".agent-title .state-paused");
    await page.click("button:has-text('Resume')");
    await page.waitForSelector(".agent-title .state-running");
    await page.click("button:has-text('Restart')");
    await page.waitForSelector(".toast-good >> text=Agent 'pressed' has restarted");
    await openDialog(page, "Stop");
    await page.waitForSelector("dialog >> text=Start brings it back");
    await page.click("dialog button:has-text('Stop')");
    await page.waitForSelector(".agent-title .state-stopped");
    await page.click("#tab-code");
    await page.waitForSelector(".cm-content >> text=handle_task");
    await page.click("button:has-text('Start')");
    await page.waitForSelector(".agent-title .state-running");
    await openDialog(page, "Delete");
    await page.click("dialog button:has-text('Delete')");
    await page.waitForSelector("text=This agent is not known");
  },

  "an agent is edited: the draft stays, the changes are shown, and it is deployed": async (scene) => {
    const { page, stage } = scene;
    await stage.spawn({ name: "mended", code: STILL, max_restarts: 7, poll_interval: 60 });
    await show(scene, `#/agents/${actorId("mended")}`);
    await page.click("button:has-text('Edit')");
    await page.waitForSelector("#tab-edit[aria-selected=true]");
    await page.waitForSelector(".cm-content >> text=handle_task");
    assertEquals(await page.inputValue("[name=max_restarts]"), "7");
    await page.waitForSelector("text=Nothing has changed yet");
    await page.click(".cm-content");
    await page.keyboard.press("Control+End");
    await page.keyboard.insertText("\n// mended by hand");
    await page.keyboard.insertText("\nconst wrong: number = 'text';");
    await page.click("button:has-text('Check')");
    await page.waitForSelector(".found >> text=is not assignable to type 'number'");
    await page.waitForSelector(".cm-problem >> text=const wrong");
    for (const _ of "const wrong: number = 'text';") await page.keyboard.press("Backspace");
    await page.fill("[name=description]", "as it should be");
    await page.waitForSelector(".line-new >> text=mended by hand");
    await page.waitForSelector("text=description: nothing → as it should be");
    await page.click("nav >> text=Nodes");
    await page.waitForSelector("h1 >> text=Nodes");
    await page.goBack();
    await page.waitForSelector(".cm-content >> text=mended by hand");
    await page.reload();
    await page.waitForSelector(".line-new >> text=mended by hand");
    await page.click("button:has-text('Deploy')");
    await page.waitForSelector(".outcome-good >> text=Agent 'mended' runs on test-node");
    await page.waitForSelector("text=Nothing has changed yet");
    assertEquals(await page.locator("text=Discard the draft").count(), 0);
    await page.click("#tab-overview");
    await page.waitForSelector("text=as it should be");
  },

  "what was chosen is in the address: back, forward and a reload bring it back": async (scene) => {
    const { page } = scene;
    await show(scene, "#/agents");
    await page.waitForSelector(rowOf("appears"));
    await page.click("button:has-text('Flat')");
    await page.click("button.sort:has-text('CPU')");
    await page.fill(".search-input", "appea");
    await page.waitForSelector(rowOf("called"), { state: "detached" });
    const chosen = "#/agents?arrange=flat&sort=cpu&order=desc&q=appea";
    await page.waitForFunction(`location.hash === ${JSON.stringify(chosen)}`);
    await page.click(`${rowOf("appears")} .c-state`);
    await page.click("#tab-logs");
    await page.reload();
    await page.waitForSelector("#tab-logs[aria-selected=true]");
    await page.goBack();
    await page.waitForSelector("#tab-overview[aria-selected=true]");
    await page.goBack();
    await page.waitForSelector("[aria-sort=descending] >> text=CPU");
    assertEquals(await page.inputValue(".search-input"), "appea");
    await page.goForward();
    await page.click("[aria-label='All agents']");
    await page.waitForFunction(`location.hash === ${JSON.stringify(chosen)}`);
    await show(scene, `#/logs?agent=${actorId("appears")}&level=error&q=x`);
    await page.waitForSelector("option:checked >> text=appears", { state: "attached" });
    assertEquals(await page.inputValue("[aria-label=Level]"), "error");
  },

  "a chart tells the value under the pointer, and shows what is selected": async (scene) => {
    const { page, stage } = scene;
    const code = `export async function process(agent) {
      await agent.publish("sensors/charted", { value: 21.5, unit: "°C" });
    }`;
    const agent = await stage.spawn({ name: "charted", code, poll_interval: 1 });
    await agent.on("manifest", ({ publishes }) => publishes.includes("sensors/charted"));
    await show(scene, `#/agents/${actorId("charted")}?range=5m`);
    const chart = page.locator("[aria-label^='sensors/charted · value over time: now 21.5 °C']");
    await chart.waitFor();
    await chart.scrollIntoViewIfNeeded();
    const box = await chart.locator(".u-over").boundingBox();
    assert(box !== null);
    // The newest value is near the right edge.
    await page.mouse.move(box.x + box.width - 4, box.y + 40);
    await page.waitForSelector(".chart-pointed >> text=/21.5 °C at \\d\\d:\\d\\d:\\d\\d/");
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 2, box.y + 40, { steps: 3 });
    await page.mouse.up();
    await page.waitForFunction("/[?&]from=\\d+&to=\\d+|to=\\d+/.test(location.hash)");
    await page.click("button:has-text('Whole range')");
    await page.waitForFunction("!location.hash.includes('from=')");
    await page.waitForSelector("[aria-pressed=true] >> text=5 min");
    // Longer than the server has in memory: from what it has written down.
    const asked = page.waitForResponse((answer) => /\/readings\?from=\d+&to=\d+$/.test(answer.url()));
    await page.click("button:has-text('Year')");
    await page.waitForFunction("location.hash.includes('range=1y')");
    assertEquals((await (await asked).json()).readings[0].topic, "sensors/charted");
    await page.reload();
    await page.waitForSelector("[aria-pressed=true] >> text=Year");
    await chart.waitFor();
    await page.waitForSelector("[aria-label^='Memory over time: now ']");
    await show(scene, "#/nodes/test-node?range=30d");
    await page.waitForSelector("[aria-label^='Memory over time: now ']");
  },

  "what is copied is what is shown, and characters that turn text are escapes": async (scene) => {
    const { page, stage } = scene;
    const code = 'export function setup(agent) { return agent.log("all is well\\u202eorre on"); }';
    await stage.spawn({ name: "turned", code });
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await show(scene, `#/agents/${actorId("turned")}?tab=logs`);
    const line = page.locator(".log-line", { hasText: "all is well\\u202eorre on" }).first();
    await line.hover();
    await line.locator(".copy").click();
    await page.waitForSelector(".copy[data-outcome=copied]");
    assertMatch(
      await page.evaluate("navigator.clipboard.readText()") as string,
      /test-node\/turned all is well/,
    );
    await show(scene, "#/timeline");
    await page.waitForSelector(".page-title .note >> text=UTC");
  },

  "the keys move through the list and act": async (scene) => {
    const { page } = scene;
    await scene.stage.spawn({ name: "keyed", code: STILL });
    await show(scene, "#/agents");
    await page.waitForSelector(rowOf("keyed"));
    await page.keyboard.press("/");
    await page.keyboard.type("keyed");
    await page.waitForSelector(rowOf("appears"), { state: "detached" });
    await page.keyboard.press("Tab");
    await page.focus(".row[data-active=true]");
    await page.keyboard.press("End");
    await page.waitForSelector(`${rowOf("keyed")}[data-active=true]:focus`);
    await page.keyboard.press("p");
    await page.waitForSelector(stateIn("keyed", "paused"));
    await page.keyboard.press("Enter");
    await page.waitForSelector("h1 >> text=keyed");
    await page.keyboard.press("g");
    await page.keyboard.press("t");
    await page.waitForSelector("h1 >> text=Timeline");
    await page.keyboard.press("?");
    await page.waitForSelector("dialog >> text=Keyboard shortcuts");
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog", { state: "detached" });
  },

  "a reload loses nothing, and readings are plotted": async (scene) => {
    const { page } = scene;
    const code = `export async function process(agent) {
      await agent.publish("sensors/plotted", { value: 21.5 });
      await agent.alert("it is warm", "error");
    }`;
    const agent = await scene.stage.spawn({ name: "plotted", code, poll_interval: 1 });
    await agent.on("manifest", ({ publishes }) => publishes.includes("sensors/plotted"));
    await show(scene, `#/agents/${actorId("plotted")}`);
    await page.waitForSelector("text=sensors/plotted · value");
    await page.waitForSelector("[aria-label^='sensors/plotted · value over time: now 21.5'] canvas");
    await page.reload();
    await page.waitForSelector("[aria-label^='sensors/plotted · value over time: now 21.5'] canvas");
    await show(scene, "#/alerts");
    await page.waitForSelector("[data-source=plotted]:has(.level-error) >> text=it is warm");
    await show(scene, "#/alerts?arrange=flat");
    await page.waitForSelector(".entry-error >> text=it is warm");
    await show(scene, "#/timeline");
    await page.waitForSelector(".kind-failed");
  },

  "an agent migrates from the page, by choice and by dragging": async (scene) => {
    const { page, stage } = scene;
    await using _other = await NodeProcess.start({ port: stage.broker.port, name: "other-node" });
    await stage.bus.on("nodes/other-node/heartbeat");
    await stage.spawn({ name: "moves", code: STILL });
    await show(scene, "#/agents");
    await page.waitForSelector('[data-node="other-node"] .state-online');
    await page.click("[aria-label='Actions for moves']");
    await page.click("[role=menuitem]:has-text('Migrate')");
    await page.check("dialog [value=other-node]");
    await page.click("dialog button[type=submit]");
    await page.waitForSelector(".toast-good >> text=Agent 'moves' has moved from test-node to other-node");
    assertEquals((await stage.agent("moves").task(1)).node, "other-node");
    await page.waitForSelector(`${rowOf("moves")} .c-node >> text=other-node`);
    await page.dragAndDrop(rowOf("moves"), '[data-node="test-node"]');
    await page.waitForSelector("dialog [value=test-node]:checked");
    await page.click("dialog button[type=submit]");
    await page.waitForSelector(".toast-good >> text=Agent 'moves' has moved from other-node to test-node");
    assertEquals((await stage.agent("moves").task(1)).node, "test-node");
  },

  "a node has a page, and nodes are found in a table": async (scene) => {
    const { page, stage } = scene;
    await stage.spawn({ name: "housed", code: STILL });
    await show(scene, "#/nodes?arrange=table");
    await page.waitForSelector("[role=row][data-node=test-node] .state-online");
    await page.fill(".search-input", "no such label");
    await page.waitForSelector("text=No node fits");
    await page.fill(".search-input", "test-n");
    await page.click("button.sort:has-text('Memory')");
    await page.waitForSelector("[aria-sort=descending] >> text=Memory");
    await page.click("[role=row][data-node=test-node] .n-state");
    await page.waitForSelector("h1 >> text=test-node");
    await page.waitForSelector(".node-agents >> text=housed");
    await page.click("[aria-label='Actions for housed']");
    await page.click("[role=menuitem]:has-text('Pause')");
    await page.waitForSelector(".node-agents li:has-text('housed') .state-paused");
    await page.click("#tab-timeline");
    await page.waitForSelector(".kind-paused");
    await page.click("#tab-logs");
    await page.waitForSelector(".log-line");
    await page.click("[aria-label='All nodes']");
    await page.waitForSelector("[aria-sort=descending] >> text=Memory");
    assertEquals(await page.inputValue(".search-input"), "test-n");
  },

  "a node that is killed shows offline, and its agents as lost": async (scene) => {
    const { page, stage } = scene;
    await using doomed = await NodeProcess.start({ port: stage.broker.port, name: "doomed" });
    await stage.bus.on("nodes/doomed/heartbeat");
    await stage.bus.publish("nodes/doomed/spawn", { name: "orphaned", node: "doomed", code: STILL });
    await show(scene, "#/agents");
    await page.waitForSelector(stateIn("orphaned", "running"));
    await doomed.end("SIGKILL");
    await page.waitForSelector('[data-node="doomed"] .state-offline');
    await page.waitForSelector(stateIn("orphaned", "lost"));
    await show(scene, "#/nodes");
    await page.waitForSelector("[data-node=doomed] .state-offline");
  },

  "those who see little or use no mouse find nothing in their way": async (scene) => {
    const { page } = scene;
    // Nothing is then half-way from one colour to another.
    await page.emulateMedia({ reducedMotion: "reduce" });
    const found: string[] = [];
    const look = async (where: string) => {
      found.push(...(await axeFindings(page)).map((finding) => `${where}: ${finding}`));
      // The other colours: contrast alone differs.
      await page.keyboard.press("d");
      const dark = await axeFindings(page, ["color-contrast"]);
      found.push(...dark.map((finding) => `${where}, dark: ${finding}`));
      await page.keyboard.press("d");
    };
    const agent = `agents/${actorId("appears")}`;
    const views = VIEW_ROWS.map(([view]) => view);
    const notices = ["rules", "rules&rule=new", "sent"].map((part) => `notices?show=${part}`);
    const tabs = ["versions", "edit"].map((tab) => `${agent}?tab=${tab}`);
    for (
      const view of [
        ...views,
        ...notices,
        agent,
        ...tabs,
        "agents/nobody",
        "nodes/test-node",
        "nodes?arrange=table",
      ]
    ) {
      await show(scene, `#/${view}`);
      if (view === "spawn" || view.endsWith("edit")) await page.waitForSelector(".cm-content");
      if (view.endsWith("versions")) await page.waitForSelector(".version");
      // Not where what is typed is text.
      await page.focus("main h1");
      await look(view);
    }
    await page.emulateMedia({ reducedMotion: null });
    assertEquals(found, []);
  },

  "a dialog has the focus where it is needed, keeps it, and gives it back": async (scene) => {
    const { page } = scene;
    await show(scene, `#/agents/${actorId("appears")}`);
    const first = {
      "Call handle_task": "textarea",
      "Migrate": "button",
      "Delete": "button:has-text('Cancel')",
    };
    for (const [label, focused] of Object.entries(first)) {
      await page.focus(`.agent-tools button:has-text('${label}')`);
      await page.keyboard.press("Enter");
      await page.waitForSelector(`dialog[open] ${focused}:focus`);
      assertEquals(await axeFindings(page), []);
      for (let presses = 0; presses < 8; presses++) {
        await page.keyboard.press("Tab");
        const isInPage = "document.activeElement.closest('.shell') !== null";
        assertEquals(await page.evaluate(isInPage), false, `${label}: the page behind it has the focus`);
      }
      await page.keyboard.press("Escape");
      await page.waitForSelector("dialog", { state: "detached" });
      await page.waitForSelector(`.agent-tools button:focus:has-text('${label}')`);
    }
  },

  "what agents are called, log and say is text, never markup": async (scene) => {
    const { stage } = scene;
    const { page, complaints } = await scene.browser.page();
    const evil = "<img src=x onerror=\"window.hacked=1;document.title='hacked'\">";
    const id = crypto.randomUUID();
    // Names that are none are not shown at all.
    const about = {
      name: "evil",
      agent: "evil",
      actor_id: id,
      node: "evil-node",
      timestamp: Date.now() / 1000,
    };
    const manifest = { ...about, description: evil, capabilities: [evil], publishes: [evil] };
    await stage.bus.publish(`agents/${id}/heartbeat`, {
      ...about,
      state: evil,
      task: evil,
      cpu: 1,
      memory_mb: 2,
    });
    await stage.bus.publish(`agents/${id}/manifest`, manifest);
    await stage.bus.publish(`agents/${id}/logs`, { ...about, type: "log", message: evil, level: evil });
    await stage.bus.publish(`agents/${id}/alert`, { ...about, message: evil, severity: evil });
    await stage.bus.publish(`agents/${id}/errors`, {
      ...about,
      phase: evil,
      severity: evil,
      error: evil,
      traceback: evil,
    });
    await stage.bus.publish("nodes/evil-node/heartbeat", {
      node: "evil-node",
      agents: ["evil"],
      version: evil,
      labels: { [evil]: evil },
    });
    await stage.bus.publish(`agents/${id}/errors`, { ...about, phase: evil, severity: "fatal", error: evil });
    const views = ["overview", "agents", `agents/${id}`, "nodes", "logs", "alerts", "timeline", "manifests"];
    for (const view of views) {
      await page.goto(`${scene.dashboard.url}#/${view}`);
      await page.waitForSelector("main h1");
      const shown = [`agents/${id}`, "logs", "alerts", "manifests"].includes(view) ? "<img src=x" : "evil";
      await page.locator("main").getByText(shown).first().waitFor({ state: "attached" });
    }
    assertEquals(complaints, [], "nothing is tried that the page's policy forbids");
    assertEquals(await page.evaluate("window.hacked"), undefined);
    assertEquals(await page.locator("img:not([src='/assets/icon.svg'])").count(), 0);
    assertMatch(await page.title(), /AgentFlow/);
  },

  "it fits a phone, in the dark": async (scene) => {
    const { page } = await scene.browser.page({
      viewport: { width: 360, height: 740 },
      colorScheme: "dark",
      isMobile: true,
      hasTouch: true,
    });
    for (
      const view of ["overview", "agents", `agents/${actorId("appears")}`, "nodes", "logs", "spawn", "chat"]
    ) {
      await page.goto(`${scene.dashboard.url}#/${view}`);
      await page.waitForSelector("main h1");
      assertEquals(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), true, view);
    }
    assertEquals(await page.getAttribute("html", "data-theme"), "dark");
    await page.context().close();
  },
};

Deno.test({
  ...needing(CHROMIUM, "dashboard in a browser"),
  fn: async (t) => {
    await using stage = await Stage.set({ startBroker });
    await using dashboard = await openDashboard(stage.broker.port);
    await using browser = await TestBrowser.open();
    const { page, complaints } = await browser.page({ viewport: { width: 1280, height: 800 } });
    const scene = { stage, dashboard, browser, page, complaints };
    for (const [name, law] of Object.entries(LAWS)) {
      await t.step({ name, fn: () => law(scene), sanitizeOps: false, sanitizeResources: false });
    }
    await t.step("the page has complained of nothing: no error, nothing that its policy forbids", () => {
      // Answers that tell of a failure, and what Chromium's own editing does to text that is typed over.
      const isExpected = (text: string) =>
        /409 \(Conflict\)|^Applying inline style/.test(text) ||
        // Asked for on its last heartbeat, and forgotten before the answer.
        (text.includes("404 (Not Found)") && text.includes(`/agents/${actorId("pressed")}/history`));
      assertEquals(complaints.filter((text) => !isExpected(text)), []);
    });
  },
});

Deno.test({
  ...needing(CHROMIUM, "a dashboard with a token lets nobody in without it, and a browser with it"),
  fn: async () => {
    await using broker = await startEmbedded();
    await using dashboard = await openDashboard(broker.port, {
      token: new Secret("correct-horse-battery"),
      allowControl: false,
    });
    assertEquals((await post(`${dashboard.url}api/agents/x/stop`, {})).status, 401);
    await using browser = await TestBrowser.open();
    const { page } = await browser.page();
    await page.goto(dashboard.url);
    await page.fill("input[type=password]", "wrong-horse-battery");
    await page.click("button[type=submit]");
    await page.waitForSelector("text=this is not the token");
    assertEquals(await axeFindings(page), []);
    await page.fill("input[type=password]", "correct-horse-battery");
    await page.click("button[type=submit]");
    await page.waitForSelector("text=Nodes online");
    const cookies = await page.context().cookies();
    assertEquals(cookies.map(({ httpOnly, sameSite }) => [httpOnly, sameSite]), [[true, "Strict"]]);
    assertEquals(await page.locator("text=Spawn agent").count(), 0, "it only shows");
    const refusal = await page.evaluate(
      `fetch("/api/agents/x/stop", { method: "POST", headers: { "content-type": "application/json" }, body: "{}" }).then((r) => r.status)`,
    );
    assertEquals(refusal, 403);
    await page.click("[aria-label='Log out']");
    await page.waitForSelector("input[type=password]");
    assert(dashboard.url.startsWith("http://127.0.0.1:"));
  },
});

Deno.test({
  ...needing(CHROMIUM, "a page whose server goes away says so, and comes back with it"),
  fn: async () => {
    await using broker = await startEmbedded();
    await using browser = await TestBrowser.open();
    const { page } = await browser.page();
    const httpPort = await (async () => {
      await using first = await openDashboard(broker.port);
      await page.goto(first.url);
      await page.waitForSelector(".link-good >> text=Live");
      return Number(new URL(first.url).port);
    })();
    await page.waitForSelector("[role=alert] >> text=server does not answer");
    await page.waitForSelector(".link-bad >> text=Server lost, retrying");
    await using _second = await openDashboard(broker.port, { httpPort });
    await page.waitForSelector(".link-good >> text=Live");
    await page.waitForSelector("[role=alert]", { state: "detached" });
  },
});

Deno.test({
  ...needing(CHROMIUM, "a connection that is half open is told within seconds, and replaced"),
  fn: async () => {
    await using broker = await startEmbedded();
    await using dashboard = await openDashboard(broker.port);
    await using proxy = new FreezingProxy(Number(new URL(dashboard.url).port));
    await using browser = await TestBrowser.open();
    const { page } = await browser.page();
    await page.goto(proxy.url);
    await page.waitForSelector(".link-good >> text=Live");
    proxy.freeze();
    await page.waitForSelector(".link-bad >> text=Server is silent");
    await page.waitForSelector(".link-bad >> text=Server lost");
    proxy.thaw();
    await page.waitForSelector(".link-good >> text=Live");
  },
});
