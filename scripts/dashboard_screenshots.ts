// deno-lint-ignore-file no-console -- it talks to its reader
/** `deno task dashboard:screenshots`: a small fleet, and pictures of the dashboard's views for the documentation. */
import { delay } from "@std/async/delay";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { findChromium, openBrowser } from "./dashboard/browser.ts";
import { actorId } from "../protocol/ids.ts";
import { Fleet } from "./dashboard/stage.ts";

const IMAGES = new URL("../docs/images/", import.meta.url);
/** Long enough for a few heartbeats: the charts have something to show. */
const SETTLE_MS = 45_000;

const DESKTOP = { width: 1360, height: 850 };
const PHONE = { width: 390, height: 780 };

async function main(): Promise<number> {
  const chromium = findChromium();
  if (chromium === undefined) {
    console.error("dashboard:screenshots: chromium is not installed: apt-get install chromium");
    return 1;
  }
  await Deno.mkdir(IMAGES, { recursive: true });
  await using fleet = await Fleet.start();
  await populate(fleet);
  console.log(`The fleet runs: ${SETTLE_MS / 1000} s for its charts to fill`);
  await delay(SETTLE_MS);
  await fleet.spawn("edge-1", {
    ...POWER_METER,
    code: METER.replace("> 600", "> 550").replace("above 600", "above 550"),
    description: "Reads the meter in the hall",
    replace: true,
  });
  await fleet.killNode("depot");
  await using browser = await openBrowser(chromium);
  await takeAll(browser, fleet);
  return 0;
}

/** Agents of all kinds: ones that work, one that is paused, one that crashes, one that has failed, one whose node goes. */
async function populate(fleet: Fleet): Promise<void> {
  await fleet.rule("Something has failed", { kind: "agent_state", agent: "*", states: ["failed"] });
  await fleet.rule("A node is off", { kind: "node_off", node: "*" });
  await fleet.startNode("edge-1", ["site=roof"]);
  await fleet.startNode("edge-2", ["site=hall"]);
  await fleet.startNode("lab", ["site=lab"]);
  await fleet.startNode("depot", ["site=depot"]);
  const sensor = await fleet.example("temperature_sensor");
  await fleet.spawn("edge-1", {
    name: "temperature_sensor",
    description: "Reads the DHT22 on the roof",
    capabilities: ["temperature"],
    poll_interval: 2,
    code: sensor,
  });
  await fleet.spawn("edge-1", {
    name: "counter",
    description: "Counts",
    code: await fleet.example("counter"),
  });
  await fleet.spawn("edge-1", POWER_METER);
  await fleet.spawn("edge-2", { name: "threshold_alert", code: await fleet.example("threshold_alert") });
  await fleet.spawn("edge-2", {
    name: "door_camera",
    description: "Watches the door",
    poll_interval: 2,
    code: CAMERA,
  });
  await fleet.spawn("edge-2", {
    name: "flaky_modem",
    max_restarts: 8,
    restart_delay: 8,
    poll_interval: 1,
    code: FLAKY,
  });
  await fleet.spawn("lab", {
    name: "calculator",
    description: "Answers sums",
    code: await fleet.example("calculator"),
  });
  await fleet.spawn("lab", { name: "broken_parser", poll_interval: 1, code: BROKEN });
  await fleet.spawn("depot", {
    name: "gate_sensor",
    description: "Counts lorries",
    code: await fleet.example("counter"),
  });
  await fleet.pause("counter");
}

const METER = `let kwh = 1204.2;
export async function process(agent) {
  const watts = 420 + Math.round(Math.sin(Date.now() / 9000) * 160 + Math.random() * 40);
  kwh += watts / 3_600_000 * 3;
  await agent.publish("power/house", { watts, kwh: Number(kwh.toFixed(4)) });
  if (watts > 600) await agent.alert("Load is " + watts + " W: above 600", "warning");
}`;
const POWER_METER = { name: "power_meter", poll_interval: 3, description: "Reads the meter", code: METER };
const CAMERA = `export async function setup(agent) { await agent.set_status("watching the front door"); }
export async function process(agent) {
  const people = Math.floor(Math.random() * 3);
  let sum = 0;
  for (let i = 0; i < 4e6; i++) sum += Math.sqrt(i);
  await agent.publish_detection({ people, confidence: Number((0.7 + Math.random() * 0.3).toFixed(2)) });
  await agent.log(people === 0 ? "nobody there" : people + " at the door");
}`;
const FLAKY = `export async function process(agent) {
  await agent.log("dialling");
  const calls = (agent.state.calls = (agent.state.calls ?? 0) + 1);
  if (calls > 5) { console.error("no carrier"); Deno.exit(1); }
}`;
const BROKEN = `export async function setup(agent) {
  throw new Error("cannot parse /etc/parser.conf: unexpected end of input");
}`;

async function takeAll(browser: Browser, fleet: Fleet): Promise<void> {
  const { url } = fleet.dashboard;
  const desktop = await browser.newPage({ viewport: DESKTOP, colorScheme: "light" });
  await visit(desktop, url, "#/overview", ".tile");
  await take(desktop, "overview");
  await visit(desktop, url, "#/agents", "[data-agent=temperature_sensor]");
  await take(desktop, "agents");
  await desktop.click("[data-agent=temperature_sensor] .c-uptime");
  await desktop.waitForSelector(".chart-box canvas");
  await desktop.waitForSelector("text=sensors/temperature ·");
  await take(desktop, "agent");
  await visit(desktop, url, `#/agents/${actorId("power_meter")}?tab=versions`, ".difference");
  await take(desktop, "versions");
  await visit(desktop, url, "#/notices", "[data-notice]");
  await take(desktop, "notices");
  await visit(desktop, url, "#/logs", ".log-line");
  await take(desktop, "logs");
  await visit(desktop, url, "#/nodes", ".card");
  await take(desktop, "nodes");
  await visit(desktop, url, "#/timeline", ".entry");
  await take(desktop, "timeline");
  await visit(desktop, url, "#/spawn", ".cm-content");
  await desktop.selectOption("[aria-label=Template]", "temperature_sensor");
  await desktop.waitForSelector("text=DHT22 sensor agent ready");
  await take(desktop, "spawn");
  await visit(desktop, url, "#/chat", ".chat-form");
  await desktop.fill("[aria-label=Sentence]", "what is running on lab");
  await desktop.keyboard.press("Enter");
  await desktop.waitForSelector(".chat-table");
  await desktop.fill("[aria-label=Sentence]", "deploy an alert on edge-2 for power/house above 600 as peak");
  await desktop.keyboard.press("Enter");
  await desktop.waitForSelector(".chat-answers");
  await take(desktop, "chat");
  const dark = await browser.newPage({ viewport: DESKTOP, colorScheme: "dark" });
  await visit(dark, url, "#/agents", "[data-agent=temperature_sensor]");
  await take(dark, "agents-dark");
  const phone = await browser.newPage({
    viewport: PHONE,
    colorScheme: "dark",
    isMobile: true,
    hasTouch: true,
  });
  await visit(phone, url, "#/agents", "[data-agent=temperature_sensor]");
  await take(phone, "phone");
}

async function visit(page: Page, url: string, hash: string, selector: string): Promise<void> {
  await page.goto(`${url}${hash}`);
  await page.waitForSelector(selector);
}

async function take(page: Page, name: string): Promise<void> {
  const path = fileURLToPath(new URL(`${name}.png`, IMAGES));
  await page.evaluate("document.fonts.ready.then(() => {})");
  await delay(400);
  await page.screenshot({ path });
  console.log(`docs/images/${name}.png  ${Math.round((await Deno.stat(path)).size / 1024)} KB`);
}

if (import.meta.main) Deno.exit(await main());
