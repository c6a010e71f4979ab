/** The page's layout where there is least room: tests/slow has every width. */
import { CHROMIUM, TestBrowser } from "../support/browser.ts";
import { needing } from "../support/programs.ts";
import { crowded } from "../support/crowded_dashboard.ts";
import { LAYOUT_LAWS } from "../support/page_layout.ts";

Deno.test({
  ...needing(CHROMIUM, "dashboard on a phone and on a small screen"),
  fn: async (t) => {
    await using crowd = await crowded();
    await using browser = await TestBrowser.open();
    for (const width of [390, 1024]) {
      const { page } = await browser.page({ viewport: { width, height: 800 } });
      for (const [name, law] of Object.entries(LAYOUT_LAWS)) {
        await t.step({
          name: `${name}: ${width} px`,
          fn: () => law({ page, url: crowd.url, width }),
          sanitizeOps: false,
          sanitizeResources: false,
        });
      }
      await page.context().close();
    }
  },
});
