/** A PostgreSQL server of the test's own: on a socket in a folder, as a user without rights, gone at the end. */
import { join } from "@std/path";
import { type Need, programs } from "./programs.ts";

/** Where Debian keeps the server's programs, by version. */
const VERSIONS = "/usr/lib/postgresql";
/** PostgreSQL refuses to run as root: it then runs as `nobody`. */
const NOBODY = 65_534;

export const POSTGRES: Need = programs("PostgreSQL", "pg_lsclusters");

export interface Postgres extends AsyncDisposable {
  /** The URL of an empty database of this name, which is made. */
  make(name: string): Promise<string>;
}

/** @throws Error with the server's words when it does not start */
export async function startPostgres(): Promise<Postgres> {
  const bin = join(VERSIONS, await newestVersion(), "bin");
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "agentflow-postgres-" }));
  const data = join(folder, "data");
  const as = Deno.uid() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  if (Deno.uid() === 0) await Deno.chown(folder, NOBODY, NOBODY);
  const run = async (program: string, ...args: readonly string[]) => {
    const command = new Deno.Command(join(bin, program), {
      args: [...args],
      cwd: folder,
      stdin: "null",
      ...as,
    });
    const { success, stdout, stderr } = await command.output();
    if (!success) throw new Error(new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr));
  };
  const url = (name: string) => `postgres://dashboard@localhost/${name}?host=${encodeURIComponent(folder)}`;
  await run("initdb", "--pgdata", data, "--username", "dashboard", "--auth", "trust", "--no-sync");
  const options = `-c listen_addresses='' -c unix_socket_directories='${folder}' -c fsync=off`;
  await run(
    "pg_ctl",
    "--pgdata",
    data,
    "--wait",
    "--log",
    join(folder, "log"),
    "--options",
    options,
    "start",
  );
  return {
    make: async (name) => {
      await run("createdb", "--host", folder, "--username", "dashboard", name);
      return url(name);
    },
    [Symbol.asyncDispose]: async () => {
      await run("pg_ctl", "--pgdata", data, "--mode", "immediate", "--wait", "stop");
      await Deno.remove(folder, { recursive: true });
    },
  };
}

async function newestVersion(): Promise<string> {
  const versions = await Array.fromAsync(Deno.readDir(VERSIONS), ({ name }) => name);
  const newest = versions.toSorted((a, b) => Number(b) - Number(a))[0];
  if (newest === undefined) throw new Error(`There is no version in ${VERSIONS}`);
  return newest;
}
