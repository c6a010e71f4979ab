/** Rules, notices and alerts on the page, by raw presses, at a desk and on a phone. */
import { assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { parseChannels } from "../../operator/dashboard/server/notice/channels/settings.ts";
import { CHROMIUM, TestBrowser } from "../support/browser.ts";
import { startEmbedded } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { openDashboard } from "../support/dashboard.ts";
import { Hand } from "../support/hand.ts";
import { HookServer } from "../support/hook_server.ts";
import { needing } from "../support/programs.ts";
import { ToldFleet } from "../support/told_fleet.ts";

interface Scene {
  readonly page: Page;
  readonly hand: Hand;
  readonly hook: HookServer;
  readonly fleet: ToldFleet;
  readonly url: string;
  /** Told apart by width. */
  readonly rule: string;
}

async function makesARule({ page, hand, url, rule }: Scene): Promise<void> {
  await page.goto(`${url}#/notices`);
  await page.waitForSelector("h1 >> text=Notices");
  await hand.press(".page-tools button", "New rule");
  await hand.press("button", "Save");
  await page.waitForSelector("text=A rule needs a name");
  await hand.press("[name=name]");
  await page.keyboard.type(rule);
  await hand.press("[name=agent]");
  await page.keyboard.press("Control+a");
  await page.keyboard.type(`${rule}_*`);
  await hand.press("[value=restarting]");
  await hand.press("[value=hook]");
  await page.waitForSelector(
    `text=When any agent called ${rule}_* is failed or restarting: told at once to hook.`,
  );
  await hand.press("button", "Save");
  await page.waitForSelector(`[data-rule=${rule}] >> text=told at once to hook`);
}

async function testsAndMutesIt({ page, hand, hook, rule }: Scene): Promise<void> {
  const row = `[data-rule=${rule}]`;
  await hand.press(`${row} button`, "Test");
  await page.waitForSelector(".toast-good >> text=hook: accepted");
  await hook.until(({ json }) => json.what === "test" && json.rule === rule);
  await hand.press(`${row} [aria-haspopup=menu]`);
  await hand.press("[role=menuitem]", "Mute for 8 hours");
  await page.waitForSelector(`${row} >> text=muted until`);
  await hand.press(`${row} [aria-haspopup=menu]`);
  await hand.press("[role=menuitem]", "Unmute");
  await page.waitForSelector(`${row} >> text=muted until`, { state: "detached" });
  await hand.press(`${row} button`, "Edit…");
  assertEquals(await page.inputValue("[name=agent]"), `${rule}_*`);
  await hand.press("[name=repeat]");
  await page.keyboard.press("Control+a");
  await page.keyboard.type("90");
  await hand.press("button", "Save");
  await page.waitForSelector(`${row} >> text=again every 1h 30m`);
}

async function tellsAndIsAcknowledged({ page, hand, hook, fleet, rule }: Scene): Promise<void> {
  const broken = `${rule}_pump`;
  await fleet.agent("attic", broken, { state: "failed" });
  await hook.until(({ json }) => json.subject === broken && json.what === "begins");
  await hand.press(".page-tools button", "Now");
  const notice = `[data-notice=${broken}]`;
  await page.waitForSelector(`${notice} >> text=Agent '${broken}' on attic has failed`);
  await hand.press(`${notice} button`, "Acknowledge");
  await page.waitForSelector(`${notice} >> text=acknowledged by`);
  await hand.press(".page-tools button", "Sent");
  await page.waitForSelector(`[data-delivery=sent] >> text=${broken}`);
  await page.reload();
  await page.waitForSelector(`[data-delivery=sent] >> text=${broken}`);
}

/** Five alerts are one line until somebody has seen them, and it comes back with the sixth. */
async function groupsAlerts({ page, hand, fleet, url, rule }: Scene): Promise<void> {
  const noisy = `${rule}_door`;
  for (let count = 1; count <= 5; count++) await fleet.alert("attic", noisy, `it is open: ${count}`);
  await page.goto(`${url}#/alerts`);
  const row = `[data-source=${noisy}]`;
  await page.waitForSelector(`${row} .badge >> text=5`);
  assertEquals(await page.locator(row).count(), 1);
  await hand.press(`${row} summary`);
  await page.waitForSelector(`${row} >> text=it is open: 2`);
  await hand.press(`${row} button`, "Acknowledge");
  await page.waitForSelector(`${row} >> text=acknowledged by`);
  await page.waitForSelector("nav [title$='to acknowledge']", { state: "detached" });
  await fleet.alert("attic", noisy, "it is open: 6");
  await page.waitForSelector(`${row} button >> text=Acknowledge`);
  await hand.press(`${row} button`, "Acknowledge");
  await page.waitForSelector(`${row} >> text=acknowledged by`);
}

async function removesIt({ page, hand, url, rule }: Scene): Promise<void> {
  const row = `[data-rule=${rule}]`;
  await page.goto(`${url}#/notices?show=rules`);
  await page.waitForSelector(row);
  await hand.press(`${row} [aria-haspopup=menu]`);
  await hand.press("[role=menuitem]", "Remove…");
  await page.waitForSelector(`dialog >> text=Remove the rule ${rule}?`);
  await hand.press("dialog button", "Remove");
  await page.waitForSelector(row, { state: "detached" });
}

Deno.test({
  ...needing(CHROMIUM, "rules are made, tested, muted and removed, and what they tell is acknowledged"),
  fn: async () => {
    await using hook = new HookServer();
    await using broker = await startEmbedded();
    await using bus = await Bus.connect(broker.port);
    const channels = parseChannels(
      JSON.stringify({ hook: { kind: "webhook", url: hook.url } }),
      "channels.json",
    );
    await using dashboard = await openDashboard(broker.port, { channels });
    const fleet = new ToldFleet(bus);
    await fleet.node("attic");
    await using browser = await TestBrowser.open();
    for (const width of [1280, 390]) {
      const { page, complaints } = await browser.page({ viewport: { width, height: 800 } });
      const hand = new Hand(page);
      const scene = { page, hand, hook, fleet, url: dashboard.url, rule: `rule${width}` };
      await makesARule(scene);
      await testsAndMutesIt(scene);
      await tellsAndIsAcknowledged(scene);
      await groupsAlerts(scene);
      await removesIt(scene);
      assertEquals(complaints, []);
      await page.context().close();
    }
  },
});
