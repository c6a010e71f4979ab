/** What holds of the page's layout at every width. Presses are raw: nothing is scrolled into view, as no reader's hand does. */
import { assert, assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { actorId } from "../../protocol/ids.ts";

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A page of a told crowd; see `ToldFleet.crowd`. */
export interface Shown {
  readonly page: Page;
  readonly url: string;
  readonly width: number;
}

/** Presses the middle of what is there, where it is. @throws when it is not in the window, or lies under something else */
export async function press(page: Page, selector: string): Promise<void> {
  const box = await boxOf(page, selector);
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const top = await page.evaluate(
    `(() => {
      const at = document.elementFromPoint(${x}, ${y});
      const wanted = ${FIRST_VISIBLE}(${JSON.stringify(selector)});
      return at === null ? "beyond the window" : wanted?.contains(at) ? "" : "under " + at.outerHTML.slice(0, 120);
    })()`,
  );
  assertEquals(top, "", `${selector} at ${Math.round(x)}, ${Math.round(y)}`);
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.up();
}

const FIRST_VISIBLE =
  "((selector) => [...document.querySelectorAll(selector)].find((each) => each.getClientRects().length > 0))";

async function boxOf(page: Page, selector: string): Promise<Box> {
  await page.waitForSelector(selector);
  const box = await page.evaluate(
    `(() => { const { x, y, width, height } = ${FIRST_VISIBLE}(${
      JSON.stringify(selector)
    }).getBoundingClientRect(); return { x, y, width, height }; })()`,
  );
  return box as Box;
}

export async function show({ page, url }: Shown, hash: string): Promise<void> {
  await page.goto("about:blank");
  await page.goto(`${url}#/${hash}`);
  await page.waitForSelector("main h1");
}

/** Laws by name. */
export const LAYOUT_LAWS: Readonly<Record<string, (shown: Shown) => Promise<void>>> = {
  "a row's menu opens at its button, whole, and over everything": async (shown) => {
    const { page, width } = shown;
    await show(shown, "agents");
    await page.waitForSelector("[data-agent=attic_agent_07]");
    for (const agent of ["attic_agent_01", "attic_agent_05", "attic_agent_07"]) {
      const opener = `[data-agent=${agent}] [aria-haspopup=menu]`;
      const button = await boxOf(page, opener);
      await press(page, opener);
      const menu = await boxOf(page, "[role=menu]");
      const windowBox = await page.evaluate("[innerWidth, innerHeight]") as [number, number];
      assert(menu.x >= 0 && menu.x + menu.width <= windowBox[0], `${agent}: beyond the side at ${width}`);
      assert(menu.y >= 0 && menu.y + menu.height <= windowBox[1], `${agent}: beyond the end at ${width}`);
      const gap = Math.max(menu.y - (button.y + button.height), button.y - (menu.y + menu.height));
      assert(gap >= 0 && gap < 10, `${agent}: ${gap} px from its button`);
      assert(
        menu.x < button.x + button.width && menu.x + menu.width > button.x,
        `${agent}: beside its button`,
      );
      assertEquals(await page.evaluate("document.querySelector('.virtual').scrollLeft"), 0);
      assertEquals((await boxOf(page, opener)).x, button.x, "the row has moved sideways");
      // The third: Stop.
      await press(page, "[role=menuitem]:nth-child(3)");
      await page.waitForSelector(`dialog >> text=Stop ${agent}?`);
      await page.keyboard.press("Escape");
      await page.waitForSelector("dialog", { state: "detached" });
    }
  },

  "a row's menu is worked by keys, and closes when the list is scrolled": async (shown) => {
    const { page } = shown;
    await show(shown, "agents");
    const opener = "[data-agent=attic_agent_05] [aria-haspopup=menu]";
    await page.waitForSelector(opener);
    await page.focus(opener);
    await page.keyboard.press("Enter");
    await page.waitForSelector("[role=menuitem]:focus:has-text('Pause')");
    await page.keyboard.press("ArrowDown");
    await page.waitForSelector("[role=menuitem]:focus:has-text('Restart')");
    await page.keyboard.press("End");
    await page.waitForSelector("[role=menuitem]:focus:has-text('Delete')");
    await page.keyboard.press("Escape");
    await page.waitForSelector("[role=menu]", { state: "detached" });
    await page.waitForSelector(`${opener}:focus`);
    await press(page, opener);
    const { x, y } = await boxOf(page, "[data-agent=attic_agent_05]");
    await page.mouse.move(x + 20, y + 10);
    await page.mouse.wheel(0, 300);
    await page.waitForSelector("[role=menu]", { state: "detached" });
  },

  "the filters of the errors lie free": async (shown) => {
    const { page } = shown;
    await show(shown, "logs?show=errors");
    await page.waitForSelector(".entry");
    for (const field of ["button:has-text('Logs')", "select[aria-label=Agent]", "select[aria-label=Level]"]) {
      const [head, list] = [await boxOf(page, ".page-head"), await boxOf(page, ".entry")];
      assert(head.y + head.height <= list.y, "the list covers the filters");
      await page.locator(`.page-tools ${field}`).first().click({ trial: true, timeout: 5000 });
    }
    await press(page, ".page-tools .segments button");
    await page.waitForSelector(".log-line");
  },

  "what happened can be read": async (shown) => {
    const { page } = shown;
    for (const view of ["overview", "timeline", "alerts", "logs?show=errors"]) {
      await show(shown, view);
      await page.waitForSelector(".entry-text");
      const narrowest = await page.evaluate(
        "Math.min(...[...document.querySelectorAll('.entry-text')].map((each) => each.clientWidth))",
      ) as number;
      assert(narrowest >= 200, `${view}: text of ${narrowest} px at ${shown.width}`);
    }
  },

  "no button lies beyond the edge, and the page does not move sideways": async (shown) => {
    const { page } = shown;
    const agent = `agents/${actorId("attic_agent_01")}`;
    const nodes = ["nodes", "nodes?arrange=table", "nodes/attic"];
    const tabs = ["versions", "edit"].map((tab) => `${agent}?tab=${tab}`);
    for (
      const view of ["overview", "agents", agent, ...tabs, ...nodes, "logs", "timeline", "chat", "spawn"]
    ) {
      await show(shown, view);
      if (view === "agents") await page.waitForSelector("[data-agent=attic_agent_01]");
      const beyond = await page.evaluate(`[...document.querySelectorAll(
        "nav .nav, .link, .side-buttons button, .page-tools *, .agent-tools button, .line-tools button, .rule-form button, .row [aria-haspopup=menu]")]
        .map((each) => [each, each.getBoundingClientRect()])
        .filter(([, { width, left, right }]) => width > 0 && (left < 0 || right > innerWidth))
        .map(([each]) => each.outerHTML.slice(0, 100))`);
      assertEquals(beyond, [], `${view} at ${shown.width}`);
      const cut = await page.evaluate(`[...document.querySelectorAll(".segments button, [role=tab]")]
        .filter(({ scrollHeight, clientHeight }) => scrollHeight > clientHeight + 1)
        .map((each) => each.textContent)`);
      assertEquals(cut, [], `words that are cut off: ${view} at ${shown.width}`);
      assertEquals(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), true, view);
    }
  },

  "every view, the colours and the connection are a press or two away": async (shown) => {
    const { page, width } = shown;
    await show(shown, "overview");
    await page.waitForSelector(".link >> text=Live");
    assert((await boxOf(page, ".link")).x < width);
    for (const view of ["Chat", "Spawn agent", "Timeline"]) {
      if (width < 760) {
        await press(page, "nav [aria-haspopup=menu]");
        await page.waitForSelector("[role=menuitem]");
        const place = await page.evaluate(
          `[...document.querySelectorAll("[role=menuitem]")].findIndex((each) => each.textContent === ${
            JSON.stringify(view)
          })`,
        ) as number;
        await press(page, `[role=menuitem]:nth-child(${place + 1})`);
      } else {
        const name = view === "Spawn agent" ? "spawn" : view.toLowerCase();
        await press(page, `nav [href="#/${name}"]`);
      }
      await page.waitForSelector(view === "Spawn agent" ? "h1 >> text=Spawn an agent" : `h1 >> text=${view}`);
    }
    const before = await page.getAttribute("html", "data-theme");
    await press(page, "[aria-label$='colours']");
    await page.waitForSelector(`html:not([data-theme=${before}])`);
    await press(page, "[aria-label$='colours']");
    await page.waitForSelector(`html[data-theme=${before}]`);
  },
};
