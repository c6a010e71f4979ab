/** Actions on several agents, and on agents whose node is gone: in a browser, with raw presses, and real nodes. */
import { assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { actorId } from "../../protocol/ids.ts";
import { CHROMIUM, TestBrowser } from "../support/browser.ts";
import { openDashboard } from "../support/dashboard.ts";
import { LiveClient } from "../support/live_client.ts";
import { NodeProcess } from "../support/node_process.ts";
import { press } from "../support/page_layout.ts";
import { needing } from "../support/programs.ts";
import { Stage } from "../support/stage.ts";

const STILL = "export function handle_task(agent, payload) { return { node: agent.node }; }";
const row = (agent: string) => `[data-agent="${agent}"]`;

interface Scene {
  readonly page: Page;
  readonly url: string;
  readonly stage: Stage;
}

async function show({ page, url }: Scene, hash: string): Promise<void> {
  await page.goto("about:blank");
  await page.goto(`${url}${hash}`);
}

/** Selects two agents and acts on them; the third is left alone. */
async function stopsTwo(scene: Scene): Promise<void> {
  const { page, stage } = scene;
  for (const name of ["first", "second", "third"]) await stage.spawn({ name, code: STILL });
  await show(scene, "#/agents");
  for (const name of ["first", "second"]) {
    await page.waitForSelector(`${row(name)} .state-running`);
    await press(page, `${row(name)} .c-check label`);
  }
  assertEquals(await page.textContent("h1"), "Agents", "the box does not open the agent");
  await press(page, ".bulk-bar button:nth-of-type(4)");
  await page.waitForSelector("dialog >> text=Stop 2 agents?");
  assertEquals(await page.locator("dialog [data-bulk]").count(), 2);
  await press(page, "dialog button[type=submit]");
  for (const name of ["first", "second"]) {
    await page.waitForSelector(`[data-bulk=${name}] >> text=Agent '${name}' has stopped`);
  }
  await page.waitForSelector("dialog >> text=2 stopped");
  await page.keyboard.press("Escape");
  await page.waitForSelector(`${row("third")} .state-running`);
  assertEquals((await stage.list()).get("third")?.state, "running");
}

/** Selects all agents of a label; those that the action does not fit are left out, in words. */
async function startsByLabel(scene: Scene): Promise<void> {
  const { page } = scene;
  await show(scene, "#/agents?labels=room%3Dhall");
  await page.waitForSelector(row("first"));
  assertEquals(await page.locator(row("elsewhere")).count(), 0, "its node has another label");
  await press(page, ".bulk-all input");
  await press(page, ".bulk-bar button:nth-of-type(5)");
  await page.waitForSelector("dialog >> text=Start 2 agents?");
  await page.waitForSelector("[data-bulk=third] >> text=left out");
  await press(page, "dialog button[type=submit]");
  await page.waitForSelector("dialog >> text=2 started");
  await page.waitForSelector("[data-bulk=first] >> text=Agent 'first' runs on test-node");
  await page.keyboard.press("Escape");
  await page.waitForSelector(`${row("second")} .state-running`);
}

async function asksBeforeItMoves({ page, url, stage }: Scene): Promise<void> {
  await show({ page, url, stage }, "#/agents");
  const drag = async () => {
    const from = await page.locator(`${row("third")} .c-node`).boundingBox();
    const to = await page.locator('[data-node="away"] .group-name').boundingBox();
    if (from === null || to === null) throw new Error("nothing to drag");
    await page.mouse.move(from.x + 5, from.y + 5);
    await page.mouse.down();
    await page.mouse.move(to.x + 10, to.y + 5, { steps: 5 });
    await page.mouse.up();
    await page.waitForSelector("dialog >> text=Migrate third");
  };
  await page.waitForSelector('[data-node="away"] .state-online');
  await drag();
  await page.keyboard.press("Escape");
  assertEquals((await stage.agent("third").task({})).node, "test-node", "nothing has moved");
  await drag();
  assertEquals(await page.inputValue("dialog [name=target]:checked"), "away");
  await press(page, "dialog button[type=submit]");
  await page.waitForSelector(".toast-good >> text=Agent 'third' has moved from test-node to away");
}

async function startsElsewhere(scene: Scene, away: NodeProcess): Promise<void> {
  const { page, stage } = scene;
  await show(scene, "#/agents");
  await page.waitForSelector(`${row("elsewhere")} .state-running`);
  away.child.kill("SIGKILL");
  await page.waitForSelector(`${row("elsewhere")} .state-lost`);
  await press(page, `${row("elsewhere")} [aria-haspopup=menu]`);
  await press(page, "[role=menuitem]:not([disabled]):nth-child(6)");
  await page.waitForSelector("dialog >> text=Node 'away' is off: it stops its 'elsewhere' when it is back");
  await press(page, "dialog button[type=submit]");
  await page.waitForSelector(".toast-good >> text=Agent 'elsewhere' runs on test-node");
  await page.waitForSelector(`${row("elsewhere")} .state-running`);
  assertEquals((await stage.agent("elsewhere").task({})).node, "test-node");
}

Deno.test({
  ...needing(CHROMIUM, "several agents at once, and agents of a node that is gone"),
  fn: async () => {
    await using stage = await Stage.set({ args: ["--labels", "room=hall"] });
    await using away = await NodeProcess.start({ port: stage.broker.port, name: "away" });
    await stage.bus.on("nodes/away/heartbeat");
    await stage.bus.publish("nodes/away/spawn", { node: "away", name: "elsewhere", code: STILL });
    await using dashboard = await openDashboard(stage.broker.port);
    await using live = await LiveClient.open(dashboard.url);
    await live.until(({ agents }) => agents.get(actorId("elsewhere"))?.state === "running");
    await using browser = await TestBrowser.open();
    const { page } = await browser.page({ viewport: { width: 1280, height: 800 } });
    const scene = { page, url: dashboard.url, stage };
    await stopsTwo(scene);
    await startsByLabel(scene);
    await asksBeforeItMoves(scene);
    await startsElsewhere(scene, away);
  },
});
