/** The current view, from the part of the address after `#`. */
import { type ReadonlySignal, signal } from "@preact/signals";
import { type View, viewNamed } from "../logic/views.ts";

export interface Route {
  readonly view: View;
  /** The item shown in the view, for instance an agent's id. */
  readonly id: string | null;
  readonly query: URLSearchParams;
}

export class Router {
  readonly #route = signal(parseRoute(location.hash));

  constructor() {
    addEventListener("hashchange", () => this.#route.value = parseRoute(location.hash));
  }

  get route(): ReadonlySignal<Route> {
    return this.#route;
  }

  go(hash: string): void {
    location.hash = hash;
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
