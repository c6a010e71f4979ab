/** Places to keep or share data beside the state file. */
import { type Attempts, NOTHING, probes } from "../probes.ts";
import type { Attack } from "../attack.ts";

const ATTEMPTS: Attempts = {
  "localStorage": [`localStorage.setItem("k", "v"); return localStorage.getItem("k");`, /NotADirectory/],
  "caches": [
    `const cache = await caches.open("v1");
    await cache.put("http://x/", new Response("x")); return await (await cache.match("http://x/")).text();`,
    /Failed to create cache storage directory/,
  ],
  "caches from a worker": [
    `return await fromWorker(blobUrl(posting(
      'caches.open("v1").then((c) => c.put("http://x/", new Response("x"))).then(() => "kept")')));`,
    /Failed to create cache storage directory/,
  ],
  "localStorage from a worker": [
    `return await fromWorker(blobUrl(posting('(localStorage.setItem("k", "v"), localStorage.getItem("k"))')));`,
    /localStorage is not defined/,
  ],
  "Deno.openKv": [
    `const kv = await Deno.openKv(); await kv.set(["k"], 1); return (await kv.get(["k"])).value;`,
    /openKv is not a function/,
  ],
  "Deno.openKv at a path": [
    `const kv = await Deno.openKv(given.dir + "/planted"); return kv;`,
    /openKv is not a function/,
  ],
  "IndexedDB": [
    `return await new Promise((resolve, reject) => {
      const request = indexedDB.open("db", 1);
      request.onsuccess = () => resolve("opened"); request.onerror = () => reject(request.error);
    });`,
    /indexedDB is not defined/,
  ],
  "BroadcastChannel": [
    `return await new Promise((resolve) => {
      const other = new BroadcastChannel("agents"); other.onmessage = (e) => resolve(e.data);
      setTimeout(() => { other.close(); resolve(undefined); }, 100);
    });`,
    NOTHING,
  ],
};

export const storage: readonly Attack[] = probes("storage", ATTEMPTS, ["localStorage", "caches"]);
