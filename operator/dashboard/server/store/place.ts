/** Where the database is. Pure. */
import { join } from "@std/path";
import { ConfigError } from "../../../../protocol/config/config_error.ts";

export type Place =
  /** Gone with the process. */
  | { readonly kind: "memory" }
  /** A SQLite file in a folder of the dashboard's own. Absolute. */
  | { readonly kind: "folder"; readonly folder: string }
  /** PostgreSQL. */
  | { readonly kind: "server"; readonly url: string };

export function fileIn(folder: string): string {
  return join(folder, "dashboard.sqlite");
}

/** @param folder absolute @throws ConfigError */
export function readPlace(folder: string | undefined, url: string | undefined): Place {
  if (url === undefined) return folder === undefined ? { kind: "memory" } : { kind: "folder", folder };
  const scheme = URL.canParse(url) ? new URL(url).protocol : "";
  if (scheme !== "postgres:" && scheme !== "postgresql:") {
    // Not quoted: it may hold a password.
    throw new ConfigError("--database must be a URL such as postgres://dashboard@db.example.org/agentflow");
  }
  return { kind: "server", url };
}

/** For messages: without the password that a URL may hold. */
export function nameOf(place: Place): string {
  switch (place.kind) {
    case "memory":
      return "a database in memory";
    case "folder":
      return `the database ${fileIn(place.folder)}`;
    case "server": {
      const { protocol, host, pathname } = new URL(place.url);
      return `the database ${protocol}//${host}${pathname}`;
    }
  }
}
