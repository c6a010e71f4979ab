/** What a page does to those who cannot see it well, or who use no mouse, as axe-core finds it. */
import axe from "axe-core";
import type { Page } from "playwright-core";

/** A finding, with what it is about. */
interface Finding {
  readonly id: string;
  readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary?: string }[];
}

/**
 * Looks at all that the page shows now.
 * @param rules only these, by axe-core's names; all when left out
 * @returns findings, a line each; none when there is nothing to complain of
 */
export async function axeFindings(page: Page, rules?: readonly string[]): Promise<string[]> {
  // Not as a script of the page's: its policy forbids those of others.
  if (await page.evaluate("typeof axe") === "undefined") await page.evaluate(axe.source);
  const options = JSON.stringify({
    resultTypes: ["violations"],
    ...(rules === undefined ? {} : { runOnly: { type: "rule", values: rules } }),
  });
  const run = `axe.run(document, ${options}).then(({ violations }) => violations)`;
  const findings = await page.evaluate(run) as readonly Finding[];
  return findings.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary ?? ""}`)
  );
}
