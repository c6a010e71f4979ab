/** A person's hand: raw presses and turns of the wheel, so that what lies under something else or out of reach is not reached. */
import { assertEquals } from "@std/assert";
import type { Page } from "playwright-core";

interface Seen {
  readonly x: number;
  readonly y: number;
  /** What lies over its middle; empty if nothing does. */
  readonly over: string;
  /** How far its middle is above (negative) or below the window; 0 inside. */
  readonly beyond: number;
  /** How far its middle is beyond the left (negative) or right side. */
  readonly aside: number;
}

/** How long something may take to come into reach; a message in the corner goes away by itself. */
const PATIENCE_MS = 20_000;

/** One page, and whoever sits before it. */
export class Hand {
  constructor(private readonly page: Page) {}

  /** Presses the first visible element with exactly these words (or name), and turns the wheel first if it is out of the window. */
  async press(selector: string, words?: string): Promise<void> {
    const { x, y, over } = await this.#bring(selector, words);
    assertEquals(over, "", `${selector} ${words ?? ""} at ${x}, ${y}`);
    await this.page.mouse.move(x, y);
    await this.page.mouse.down();
    await this.page.mouse.up();
  }

  /** Chooses in the list that is pressed: the list itself is the system's, not the page's. */
  async select(selector: string, value: string): Promise<void> {
    const { over } = await this.#bring(selector);
    assertEquals(over, "", selector);
    await this.page.selectOption(selector, value);
  }

  async #bring(selector: string, words?: string): Promise<Seen> {
    const deadlineMs = Date.now() + PATIENCE_MS;
    for (;;) {
      const seen = await this.#look(selector, words);
      if (seen !== null && seen.beyond === 0 && seen.aside === 0 && !seen.over.includes("toast")) return seen;
      if (Date.now() > deadlineMs) {
        throw new Error(`out of reach: ${selector} ${words ?? ""} ${seen?.over ?? ""}`);
      }
      if (seen !== null) await this.#turn(seen);
      await this.page.evaluate(
        "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))",
      );
    }
  }

  async #turn({ beyond, aside, y }: Seen): Promise<void> {
    if (beyond === 0 && aside === 0) return;
    const size = this.page.viewportSize() ?? { width: 1280, height: 800 };
    // Downwards at the edge, where nothing that scrolls by itself lies; sideways where it lies itself.
    if (beyond === 0) await this.page.mouse.move(size.width / 2, y);
    else await this.page.mouse.move(size.width - 3, size.height / 2);
    await this.page.mouse.wheel(beyond === 0 ? aside : 0, beyond);
  }

  async #look(selector: string, words?: string): Promise<Seen | null> {
    return await this.page.evaluate(`(() => {
      const found = ${FIND}(${JSON.stringify([selector, words ?? null])});
      if (found === undefined) return null;
      const { left, top, width, height } = found.getBoundingClientRect();
      const [x, y] = [left + width / 2, top + height / 2];
      const at = document.elementFromPoint(x, y);
      const main = document.querySelector("main").getBoundingClientRect();
      const isInMain = document.querySelector("main").contains(found);
      const [first, last] = isInMain ? [main.top, main.bottom] : [0, innerHeight];
      const beyond = y < first + 8 ? y - first - 60 : y > last - 8 ? y - last + 60 : 0;
      const aside = x < 0 ? x - 20 : x > innerWidth ? x - innerWidth + 20 : 0;
      return { x, y, beyond, aside, over: at === null ? "the window's edge" : found.contains(at) || at.contains(found) ? "" : (at.closest(".toasts") === null ? "" : "toast ") + at.outerHTML.slice(0, 160) };
    })()`) as Seen | null;
  }
}

const FIND = `(([selector, words]) => [...document.querySelectorAll(selector)].find((each) =>
  each.getClientRects().length > 0 && (words === null || each.textContent.trim() === words ||
    each.getAttribute("aria-label") === words)))`;
