/** Where a node keeps its state, and what it takes over from before. */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ConfigError } from "../../../../protocol/config/config_error.ts";
import { openHome } from "../../../../runner/store/home.ts";
import { withFolder } from "../../../support/temp_folder.ts";
import { needing, ROOT } from "../../../support/programs.ts";

async function modeOf(path: string): Promise<number> {
  return ((await Deno.stat(path)).mode ?? 0) & 0o7777;
}

Deno.test("a state folder that is closed to others is used itself", async () => {
  await withFolder(async (dir) => {
    assertEquals(await openHome(dir, "n"), { dir, shared: undefined, news: [] });
    assertEquals((await openHome(`${dir}/new`, "n")).dir, `${dir}/new`);
    assertEquals(await modeOf(`${dir}/new`), 0o700);
  });
});

Deno.test("in a state folder that others can enter, a node has one of its own, and keeps it", async () => {
  await withFolder(async (dir) => {
    await Deno.chmod(dir, 0o1777);
    const own = `${dir}/agentflow_n.home`;
    assertEquals(await openHome(dir, "n"), { dir: own, shared: dir, news: [] });
    assertEquals(await modeOf(own), 0o700);
    await Deno.chmod(dir, 0o700);
    assertEquals((await openHome(dir, "n")).dir, own);
  });
});

Deno.test("the registry of an earlier version is taken in", async () => {
  await withFolder(async (dir) => {
    await Deno.chmod(dir, 0o1777);
    await Deno.mkdir(`${dir}/agentflow_n.registry/agents`, { recursive: true, mode: 0o700 });
    await Deno.writeTextFile(`${dir}/agentflow_n.registry/agents/a.json`, "{}");
    const { dir: own, news } = await openHome(dir, "n");
    assertEquals(await Deno.readTextFile(`${own}/agentflow_n.registry/agents/a.json`), "{}");
    assertStringIncludes(news[0] ?? "", "has been moved");
    assertEquals((await openHome(dir, "n")).news, []);
  });
});

const PLANTED: Readonly<Record<string, (registry: string) => Promise<void>>> = {
  "a folder of another user": (registry) => Deno.chown(registry, 65534, 65534),
  "a file of another user in it": (registry) => Deno.chown(`${registry}/agents/a.json`, 65534, 65534),
  "a folder that others can write to": (registry) => Deno.chmod(`${registry}/agents`, 0o777),
  "a link to another folder": async (registry) => {
    await Deno.rename(registry, `${registry}.elsewhere`);
    await Deno.symlink(`${registry}.elsewhere`, registry);
  },
  "a file with another name elsewhere": (registry) =>
    Deno.link(`${registry}/agents/a.json`, `${registry}.another-name`),
};

for (const [what, plant] of Object.entries(PLANTED)) {
  Deno.test(needing(ROOT, `a planted registry is not believed: ${what}`), async () => {
    await withFolder(async (dir) => {
      await Deno.chmod(dir, 0o1777);
      const registry = `${dir}/agentflow_n.registry`;
      await Deno.mkdir(`${registry}/agents`, { recursive: true, mode: 0o700 });
      await Deno.writeTextFile(`${registry}/agents/a.json`, "{}");
      await plant(registry);
      const { dir: own, news } = await openHome(dir, "n");
      assertStringIncludes(news[0] ?? "", "is not used");
      assertEquals([...Deno.readDirSync(own)], []);
    });
  });
}

Deno.test(needing(ROOT, "a planted folder is refused in place of the node's own"), async () => {
  await withFolder(async (dir) => {
    await Deno.chmod(dir, 0o1777);
    const own = `${dir}/agentflow_n.home`;
    await Deno.mkdir(own);
    await Deno.chown(own, 65534, 65534);
    await assertRejects(() => openHome(dir, "n"), ConfigError, "belongs to user 65534");
    await Deno.remove(own);
    await Deno.symlink("/etc", own);
    await assertRejects(() => openHome(dir, "n"), ConfigError, "is not a folder");
  });
});

Deno.test("a state folder in which others can replace what is there is refused", async () => {
  await withFolder(async (dir) => {
    await Deno.mkdir(`${dir}/open`);
    await Deno.chmod(`${dir}/open`, 0o777);
    await assertRejects(() => openHome(`${dir}/open`, "n"), ConfigError, "--state-dir");
    await Deno.mkdir(`${dir}/open/own`, { mode: 0o700 });
    await assertRejects(() => openHome(`${dir}/open/own`, "n"), ConfigError, "changed by others");
  });
});
