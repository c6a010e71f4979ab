/** Somebody who has never seen the page finds why an agent fails, mends it, and takes the change back: without leaving its page. */
import { assert, assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { actorId } from "../../protocol/ids.ts";
import { CHROMIUM, TestBrowser } from "../support/browser.ts";
import { openDashboard } from "../support/dashboard.ts";
import { Hand } from "../support/hand.ts";
import { needing } from "../support/programs.ts";
import { Stage } from "../support/stage.ts";

const codeThatSays = (words: string) =>
  `export async function process(agent) {\n  await agent.log(${JSON.stringify(words)});\n}`;
const BROKEN = `export async function process(agent) {
  await agent.log("version two");
}
export function setup(agent) {
  setTimeout(() => { throw new Error("no sensor answers at 0x76"); }, 100);
}`;

const WIDTHS = [1280, 390];

async function replaceCode(page: Page, hand: Hand, code: string): Promise<void> {
  await page.waitForSelector(".cm-content .cm-line");
  await hand.press(".cm-line");
  await page.keyboard.press("Control+a");
  await page.keyboard.insertText(code);
}

/** A first version that runs, a second that fails: somebody else has deployed it. */
async function breakIt(stage: Stage, name: string): Promise<void> {
  const config = { name, poll_interval: 1, max_restarts: 0 };
  const agent = await stage.spawn({ ...config, code: codeThatSays("version one") });
  await agent.logged("version one");
  // A node takes the old one back when the new one replaces it and fails at once.
  await agent.press("stop");
  await agent.state("stopped");
  await stage.launch({ ...config, code: BROKEN });
  await agent.state("failed");
}

async function repair(page: Page, hand: Hand, name: string): Promise<void> {
  // Why: the first thing on the page of an agent that has failed.
  await page.waitForSelector(".agent-title .state-failed");
  await page.waitForSelector(".entry >> text=no sensor answers at 0x76");
  const order = await page.evaluate(
    "[...document.querySelectorAll('.panel h2')].map((each) => each.textContent)",
  );
  assertEquals((order as string[])[0], "Latest errors");

  await hand.press(".agent-tools button", "Edit…");
  await page.waitForSelector(".cm-content >> text=0x76");
  const wrong = `${codeThatSays("mended")}\nconst limit: number = "high";`;
  await replaceCode(page, hand, wrong);
  await hand.press("button", "Check");
  await page.waitForSelector(".found >> text=line 4:");
  await page.waitForSelector(".cm-problem >> text=const limit");
  await replaceCode(page, hand, codeThatSays("mended"));
  await hand.press("button", "Check");
  await page.waitForSelector(".outcome-good >> text=The check has found no problem.");
  await page.waitForSelector(".line-old >> text=0x76");
  await page.waitForSelector(".line-new >> text=mended");
  await hand.press("button", "Deploy");
  await page.waitForSelector(`.outcome-good >> text=Agent '${name}' runs on test-node`);
  await page.waitForSelector(".agent-title .state-running");
  await hand.press("a", "See its log");
  await page.waitForSelector(".log-text >> text=mended");
}

async function takeBack(page: Page, hand: Hand, name: string): Promise<void> {
  await hand.press("[role=tab]", "Versions");
  await page.waitForSelector(".version >> text=runs now");
  const ids = await page.evaluate(
    "[...document.querySelectorAll('[data-version]')].map(({ dataset }) => dataset.version)",
  );
  const [mended, broken, first] = ids as string[];
  assert(mended !== undefined && broken !== undefined && first !== undefined, `three versions: ${ids}`);
  await page.waitForSelector(".line-new >> text=mended");
  await hand.press("[aria-label='Older version']");
  await page.keyboard.press("Escape");
  await hand.select("[aria-label='Older version']", first);
  await page.waitForSelector(".line-old >> text=version one");
  await hand.press(`[data-version="${first}"] button`, "Bring back…");
  await page.waitForSelector(`text=version ${first}, as it was`);
  await page.waitForSelector(".line-new >> text=version one");
  await page.reload();
  await page.waitForSelector(".line-new >> text=version one");
  await hand.press("button", "Deploy");
  await page.waitForSelector(`.outcome-good >> text=Agent '${name}' runs on test-node`);
  await hand.press("[role=tab]", "Logs");
  await page.waitForSelector(".log-text >> text=version one");
}

/** An agent that has ended is started and removed where it is looked at. */
async function startsAndRemoves(page: Page, hand: Hand, stage: Stage, name: string): Promise<void> {
  await stage.agent(name).press("stop");
  await page.waitForSelector(".agent-title .state-stopped");
  await hand.press(".agent-tools button", "Start");
  await page.waitForSelector(".agent-title .state-running");
  await stage.agent(name).press("stop");
  await page.waitForSelector(".agent-title .state-stopped");
  if ((page.viewportSize()?.width ?? 0) < 760) {
    await hand.press(".agent-tools [aria-haspopup=menu]");
    await hand.press("[role=menuitem]", "Remove from the list");
  } else await hand.press(".agent-tools button", "Remove from the list");
  await page.waitForSelector("h1 >> text=This agent is not known");
}

Deno.test({
  ...needing(CHROMIUM, "a person finds why an agent fails, mends it and rolls it back on its page"),
  fn: async () => {
    await using stage = await Stage.set({});
    await using dashboard = await openDashboard(stage.broker.port);
    await using browser = await TestBrowser.open();
    for (const width of WIDTHS) {
      const name = `meter_${width}`;
      await breakIt(stage, name);
      const { page, complaints } = await browser.page({ viewport: { width, height: 800 } });
      const hand = new Hand(page);
      await page.goto(`${dashboard.url}#/agents?q=${name}`);
      await page.waitForSelector(`[data-agent=${name}] .state-failed`);
      await hand.press(`[data-agent=${name}] .c-state`);
      await page.waitForSelector("h1 >> text=meter");
      const home = `#/agents/${actorId(name)}`;
      await page.evaluate(
        "window.visited = []; addEventListener('hashchange', () => visited.push(location.hash))",
      );
      await repair(page, hand, name);
      assertEquals(
        await page.evaluate(`visited.filter((hash) => !hash.startsWith(${JSON.stringify(home)}))`),
        [],
      );
      await takeBack(page, hand, name);
      assert((await page.evaluate("location.hash") as string).startsWith(home));
      await startsAndRemoves(page, hand, stage, name);
      assertEquals(complaints.filter((text) => !/409 \(Conflict\)|^Applying inline style/.test(text)), []);
      await page.context().close();
    }
  },
});
