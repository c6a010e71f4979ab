/** The current view, from the part of the address after `#`. */
import { type ReadonlySignal, signal } from "@preact/signals";
import { type View, viewNamed } from "../logic/views.ts";

export interface Route {
  readonly view: View;
  /** The item shown in the view, for instance an agent's id. */
  readonly id: string | null;
  readonly query: URLSearchParams;
}

/** What views keep in the address after `?`; an empty text removes a field. */
export type QueryChange = Readonly<Record<string, string>>;

/** Invariant: what the address says is what is shown, so that back, forward, a reload and a shared link all work. */
export class Router {
  readonly #route = signal(parseRoute(location.hash));
  /** The last address of each view's list. */
  readonly #lists = new Map<View, string>();

  constructor() {
    addEventListener("hashchange", () => this.#read());
    this.#read();
  }

  get route(): ReadonlySignal<Route> {
    return this.#route;
  }

  go(hash: string): void {
    location.hash = hash;
  }

  /** A field of the query; empty when it is not there. */
  query(name: string): string {
    return this.#route.value.query.get(name) ?? "";
  }

  /** Changes fields of the query. A choice can be undone with the browser's Back; typed text cannot, letter by letter. */
  choose(change: QueryChange, how: "choice" | "typing" = "choice"): void {
    const { view, id, query } = this.#route.peek();
    const fields = { ...Object.fromEntries(query), ...change };
    const filled = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ""));
    const hash = href(view, id ?? undefined, filled);
    if (hash === location.hash) return;
    if (how === "choice") return this.go(hash);
    history.replaceState(null, "", hash);
    this.#read();
  }

  /** The list of a view as it was last seen, with its filters. */
  listOf(view: View): string {
    return this.#lists.get(view) ?? href(view);
  }

  #read(): void {
    const route = parseRoute(location.hash);
    if (route.id === null) this.#lists.set(route.view, location.hash);
    this.#route.value = route;
  }
}

/** `#/agents/abc?x=1`. */
function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [view = "", id] = path.split("/");
  return {
    view: viewNamed(view),
    id: id === undefined || id === "" ? null : decodeSafely(id),
    query: new URLSearchParams(query),
  };
}

function decodeSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The address of a view. */
export function href(view: View, id?: string, query: Readonly<Record<string, string>> = {}): string {
  const search = new URLSearchParams(query).toString();
  return `#/${view}${id === undefined ? "" : `/${encodeURIComponent(id)}`}${
    search === "" ? "" : `?${search}`
  }`;
}
