/** What docs/dashboard.md says of flags, metrics and the API is what the code has. */
import { assert, assertEquals } from "@std/assert";
import { dashboardHelp } from "../../../operator/dashboard/flags.ts";
import { VIEW_ROWS } from "../../../operator/dashboard/page/logic/views.ts";
import { metricsText } from "../../../operator/dashboard/server/http/metrics.ts";
import { openApi } from "../../../operator/dashboard/server/http/openapi.ts";
import { Model } from "../../../operator/dashboard/server/model/model.ts";

const document = await Deno.readTextFile(new URL("../../../docs/dashboard.md", import.meta.url));

/** Rows of the table between `<!-- name -->` and `<!-- /name -->`, without what the formatter decides. */
function rows(name: string): string[] {
  const [, found = ""] = new RegExp(`<!-- ${name} -->\\n(.*?)<!-- /${name} -->`, "s").exec(document) ?? [];
  return found.trim().split("\n").slice(2).map((row) => row.replace(/ +/g, " "));
}

/** As they stand in the document. */
function expectedFlags(): string[] {
  return [...dashboardHelp().matchAll(/^ {2}(--\S+(?: \S+)?) +(.*)$/gm)].map(([, flag = "", meaning = ""]) =>
    `| \`${flag.replaceAll("|", "\\|")}\` | ${meaning.replaceAll("|", "\\|")} |`
  );
}

function expectedMetrics(): string[] {
  const text = metricsText({
    model: new Model(),
    nowMs: () => 0,
    isConnected: () => true,
    browsers: () => 0,
    messages: () => 0,
    residentBytes: () => 0,
  });
  return [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)$/gm)].map(([, name, help, type]) =>
    `| \`${name}\` | ${type} | ${help} |`
  );
}

Deno.test("docs/dashboard.md has the flags of --help, word for word", () => {
  assertEquals(rows("flags"), expectedFlags());
});

Deno.test("docs/dashboard.md has every view", () => {
  for (const [view, { label }] of VIEW_ROWS) {
    // It is a form, and told of with what it does.
    if (view !== "spawn") {
      assert(document.includes(`**${label}**`), `docs/dashboard.md does not have '${label}'`);
    }
  }
});

Deno.test("docs/dashboard.md has every metric", () => {
  assertEquals(rows("metrics"), expectedMetrics());
});

/** The last word of each path in the document: `POST /api/nodes/{node}/spawn`, `…/stop_all`, `GET /metrics`. */
function documentedResources(): Set<string> {
  const named = [...document.matchAll(/`(?:(?:GET|POST) )?(?:\/|…\/)([^`\s]*)`/g)];
  return new Set(named.map(([, path = ""]) => lastWord(path)));
}

function lastWord(path: string): string {
  return path.split(/[/?]/).filter((part) => part !== "" && !part.startsWith("{") && !part.includes("=")).at(
    -1,
  ) ??
    "";
}

Deno.test("docs/dashboard.md has every resource and action of the API as one of its paths", () => {
  const { paths } = openApi("0") as { readonly paths: Readonly<Record<string, unknown>> };
  const documented = documentedResources();
  assertEquals(Object.keys(paths).filter((path) => !documented.has(lastWord(path))), []);
});
