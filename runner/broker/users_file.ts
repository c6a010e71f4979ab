/** The current users file of the embedded broker: changes take effect with the next client that connects. */
import { ConfigError } from "../../protocol/config/config_error.ts";
import { readTextFile } from "../../protocol/config/text_file.ts";
import { parseUsers, type StoredUser } from "../../protocol/broker/users.ts";

type Users = ReadonlyMap<string, StoredUser>;

/** Invariant: while the file cannot be used, the previous users stay. */
export class UsersFile {
  #saidProblem = "";

  private constructor(
    private readonly path: string,
    private readonly say: (message: string) => void,
    private users: Users,
    private stamp: string,
  ) {}

  /** @throws ConfigError when it cannot be used */
  static async open(path: string, say: (message: string) => void): Promise<UsersFile> {
    try {
      const stamp = await stampOf(path);
      return new UsersFile(path, say, parseUsers(await readTextFile(path)), stamp);
    } catch (error) {
      throw new ConfigError(`--broker-users ${path}: ${(error as Error).message}`);
    }
  }

  async current(): Promise<Users> {
    try {
      const stamp = await stampOf(this.path);
      if (stamp !== this.stamp) {
        this.users = parseUsers(await readTextFile(this.path));
        this.stamp = stamp;
      }
      this.#saidProblem = "";
    } catch (error) {
      const problem = `--broker-users ${this.path}: ${(error as Error).message}. The users of before stay`;
      if (problem !== this.#saidProblem) this.say(problem);
      this.#saidProblem = problem;
    }
    return this.users;
  }
}

/** A stamp that changes with the file. @throws Error when others may use it */
async function stampOf(path: string): Promise<string> {
  const { mode, uid, mtime, size, ino } = await Deno.stat(path);
  if (uid === Deno.uid() && ((mode ?? 0) & 0o077) !== 0) {
    throw new Error(`others may use it: chmod 600 ${path}`);
  }
  return `${mtime?.getTime()} ${size} ${ino}`;
}
