/** The page's layout at every width, light and dark. */
import { assertEquals } from "@std/assert";
import { CHROMIUM, TestBrowser } from "../support/browser.ts";
import { needing } from "../support/programs.ts";
import { crowded, type CrowdedDashboard } from "../support/crowded_dashboard.ts";
import { LAYOUT_LAWS, press } from "../support/page_layout.ts";

const WIDTHS = [390, 768, 1024, 1280, 1440, 1920];

Deno.test({
  ...needing(CHROMIUM, "dashboard at every width"),
  fn: async (t) => {
    await using crowd = await crowded();
    await using browser = await TestBrowser.open();
    for (const width of WIDTHS) {
      for (const colorScheme of ["light", "dark"] as const) {
        const { page } = await browser.page({ viewport: { width, height: 800 }, colorScheme });
        for (const [name, law] of Object.entries(LAYOUT_LAWS)) {
          await t.step({
            name: `${name}: ${width} px, ${colorScheme}`,
            fn: () => law({ page, url: crowd.url, width }),
            sanitizeOps: false,
            sanitizeResources: false,
          });
        }
        await page.context().close();
      }
    }
    await t.step({
      name: "rows hold still while a menu is open, and go to their places afterwards",
      fn: () => rowsHoldStill(crowd, browser),
      sanitizeOps: false,
      sanitizeResources: false,
    });
  },
});

async function rowsHoldStill({ url, fleet }: CrowdedDashboard, browser: TestBrowser): Promise<void> {
  const { page } = await browser.page({ viewport: { width: 1280, height: 800 } });
  await page.goto(`${url}#/agents?sort=cpu&order=desc&arrange=flat`);
  const [row, other] = ["[data-agent=attic_agent_05]", "[data-agent=attic_agent_10]"];
  await press(page, `${row} [aria-haspopup=menu]`);
  const before = await page.locator(row).boundingBox();
  await fleet.agent("attic", "attic_agent_10", { cpu: 97 });
  await page.waitForSelector(`${other} .c-cpu >> text=97%`);
  assertEquals(await page.locator(row).boundingBox(), before);
  await page.keyboard.press("Escape");
  await page.mouse.move(5, 5);
  await page.waitForSelector(`${other}[aria-rowindex="2"]`);
  await page.context().close();
}
