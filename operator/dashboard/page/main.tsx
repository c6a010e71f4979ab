/** Entry of the page: builds its parts and renders the view named in the address. */
import { render } from "preact";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { listenToKeys } from "./keys.ts";
import { Dialogs } from "./parts/dialogs.tsx";
import { shownView, type View, VIEWS } from "./logic/views.ts";
import { Shell } from "./parts/shell.tsx";
import { App, AppContext, useApp } from "./state/app.ts";
import { Connection } from "./state/connection.ts";
import { Router } from "./state/router.ts";
import { Store } from "./state/store.ts";
import { ThemeChoice } from "./state/theme.ts";
import { AgentPage } from "./views/agent.tsx";
import { Agents } from "./views/agents.tsx";
import { Alerts } from "./views/alerts.tsx";
import { ChatView } from "./views/chat.tsx";
import { Login } from "./views/login.tsx";
import { Logs } from "./views/logs.tsx";
import { Manifests } from "./views/manifests.tsx";
import { NodePage } from "./views/node.tsx";
import { Nodes } from "./views/nodes.tsx";
import { Notices } from "./views/notices.tsx";
import { Overview } from "./views/overview.tsx";
import { Spawn } from "./views/spawn.tsx";
import { Timeline } from "./views/timeline.tsx";

/** The component of each view. */
const CONTENT: Readonly<Record<View, (id: string | null) => JSX.Element>> = {
  overview: () => <Overview />,
  agents: (id) => id === null ? <Agents /> : <AgentPage key={id} id={id} />,
  nodes: (name) => name === null ? <Nodes /> : <NodePage key={name} name={name} />,
  logs: () => <Logs />,
  alerts: () => <Alerts />,
  notices: () => <Notices />,
  timeline: () => <Timeline />,
  manifests: () => <Manifests />,
  chat: () => <ChatView />,
  spawn: () => <Spawn />,
};

function Root({ app }: { readonly app: App }): JSX.Element {
  const { view, id } = app.router.route.value;
  const { store } = app;
  useEffect(() => {
    // A screen reader then announces the new view by its heading.
    document.querySelector<HTMLElement>("main h1")?.focus({ preventScroll: true });
  }, [view, id]);
  if (store.needsToken.value) return <Login />;
  if (store.session.value === null) return <p class="loading" role="status">Connecting…</p>;
  return (
    <>
      <Shell>
        {CONTENT[shownView(view, app.mayControl)](id)}
      </Shell>
      <Dialogs />
      <Title view={view} id={id} />
    </>
  );
}

/** Sets the page title for tabs and history. Separate from the view, because the fleet changes often. */
function Title({ view, id }: { readonly view: View; readonly id: string | null }): null {
  const { store } = useApp();
  store.watchFleet();
  const item = id === null ? undefined : view === "nodes" ? id : store.agents.get(id)?.name;
  const title = [item, VIEWS[view].label, "AgentFlow"].filter((part) => part !== undefined).join(" · ");
  useEffect(() => {
    document.title = title;
  }, [title]);
  return null;
}

const TICK_MS = 1000;

function main(): void {
  const store = new Store();
  const app = new App(store, new Connection(store), new Router(), new ThemeChoice());
  setInterval(() => store.tick(), TICK_MS);
  listenToKeys(app);
  app.connection.start();
  app.board.start();
  const root = document.getElementById("app");
  if (root !== null) {
    render(
      <AppContext.Provider value={app}>
        <Root app={app} />
      </AppContext.Provider>,
      root,
    );
  }
}

main();
