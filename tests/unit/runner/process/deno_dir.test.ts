/** Deno's caches, as an agent behind the walls finds them: databases that need no journal beside them. */
import { assertEquals } from "@std/assert";
import { makeCaches } from "../../../../runner/process/deno_dir.ts";

/** Bytes 18 and 19 of a SQLite file: 2 in WAL mode. */
const WAL = [2, 2];

Deno.test("Deno's caches are made as databases in WAL mode, and those that are there stay", async () => {
  const dir = await Deno.makeTempDir({ prefix: "agentflow-test-" });
  await makeCaches(dir);
  for (const name of ["dep_analysis_cache_v2", "node_analysis_cache_v2", "v8_code_cache_v2"]) {
    const before = await Deno.readFile(`${dir}/${name}`);
    assertEquals([...before.subarray(18, 20)], WAL, name);
    assertEquals((await Deno.stat(`${dir}/${name}-wal`)).isFile, true);
    assertEquals((await Deno.stat(`${dir}/${name}-shm`)).isFile, true);
    await makeCaches(dir);
    assertEquals(await Deno.readFile(`${dir}/${name}`), before);
  }
  await Deno.remove(dir, { recursive: true });
});
