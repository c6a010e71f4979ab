/** The current view, from the part of the URL after `#`. */
import { type ReadonlySignal, signal } from "@preact/signals";
import { type View, viewNamed } from "../logic/views.ts";

export interface Route {
  readonly view: View;
  /** The item shown in the view, for instance an agent's id. */
  readonly id: string | null;
  readonly query: URLSearchParams;
}

/** Changes to a view's query (the part of the URL after `?`); an empty text removes a field. */
export type QueryChange = Readonly<Record<string, string>>;

/** Invariant: the page shows what its URL says, so that back, forward, reload and shared links work. */
export class Router {
  readonly #route = signal(parseRoute(location.hash));
  /** The last URL of each view's list. */
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

  /** A field of the query; empty if it is missing. */
  query(name: string): string {
    return this.#route.value.query.get(name) ?? "";
  }

  /** Changes query fields. A choice adds a history entry, so Back undoes it; typing adds none, to spare one per key. */
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

  /** The URL of a view's list, with the filters last used. */
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

/** The URL of a view. */
export function href(view: View, id?: string, query: Readonly<Record<string, string>> = {}): string {
  const search = new URLSearchParams(query).toString();
  return `#/${view}${id === undefined ? "" : `/${encodeURIComponent(id)}`}${
    search === "" ? "" : `?${search}`
  }`;
}
