/** A real browser for tests of the page, where one is installed. */
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { findChromium, openBrowser } from "../../scripts/dashboard/browser.ts";
import { type Need, programs } from "./programs.ts";

export const CHROMIUM: Need = programs("chromium", "chromium");

/** How long something may take to show on a machine that does much else. */
const PATIENCE_MS = 20_000;

/** Invariant: the browser has ended when it is disposed of. */
export class TestBrowser implements AsyncDisposable {
  private constructor(private readonly browser: Browser) {}

  static async open(): Promise<TestBrowser> {
    return new TestBrowser(await openBrowser(findChromium() ?? "chromium"));
  }

  /** A page of its own, without anything of the others. What it complains of is in `complaints`. */
  async page(
    options: BrowserContextOptions = {},
  ): Promise<{ readonly page: Page; readonly complaints: string[] }> {
    const context = await this.browser.newContext(options);
    context.setDefaultTimeout(PATIENCE_MS);
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(`${message.text()} ${message.location().url}`);
    });
    return { page, complaints };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser.close();
  }
}
