/** A web server on a free port that keeps what is posted to it. */

export interface Posted {
  readonly path: string;
  readonly headers: Headers;
  // deno-lint-ignore no-explicit-any -- tests look into bodies of every shape
  readonly json: any;
}

/** Invariant: posts are kept in the order in which they came. */
export class HookServer implements AsyncDisposable {
  readonly posts: Posted[] = [];
  /** What it answers. */
  status = 200;
  /** Where it redirects to, when `status` says so. */
  location: string | undefined;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #waiting = new Set<() => void>();

  constructor() {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
      const json = await request.json();
      this.posts.push({ path: new URL(request.url).pathname, headers: request.headers, json });
      for (const wake of [...this.#waiting]) wake();
      const headers: HeadersInit = this.location === undefined ? {} : { location: this.location };
      return new Response("ok", { status: this.status, headers });
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/`;
  }

  /** Resolves with the first post that fits. */
  async until(fits: (posted: Posted) => boolean): Promise<Posted> {
    for (;;) {
      const found = this.posts.find(fits);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#waiting.delete(wake);
          resolve();
        };
        this.#waiting.add(wake);
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}
