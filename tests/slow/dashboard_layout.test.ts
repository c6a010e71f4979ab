/** The page's layout at every width, light and dark. A quick choice of it is in tests/integration. */
import { CHROMIUM, TestBrowser } from "../support/browser.ts";
import { needing } from "../support/programs.ts";
import { crowded } from "../support/crowded_dashboard.ts";
import { LAYOUT_LAWS } from "../support/page_layout.ts";

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
  },
});
