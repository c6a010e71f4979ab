/** The frame around every view: navigation, connection state, messages, announcements. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { shownView, type View, VIEW_ROWS, VIEWS } from "../logic/views.ts";
import { visible } from "../logic/visible.ts";
import { act } from "../state/api.ts";
import { useApp } from "../state/app.ts";
import { href } from "../state/router.ts";
import type { LinkState } from "../state/store.ts";
import { Button } from "./basics.tsx";
import { Icon, type IconName } from "./icons.tsx";
import { useMedia } from "./media.ts";
import { Menu } from "./menu.tsx";
import { Badge } from "./nav_badge.tsx";

const ICONS: Readonly<Record<View, IconName>> = {
  overview: "overview",
  agents: "agents",
  nodes: "nodes",
  logs: "logs",
  alerts: "alerts",
  notices: "notices",
  timeline: "timeline",
  manifests: "manifests",
  chat: "call",
  spawn: "spawn",
};

/** The number of views in a phone's navigation bar; the others are in its menu. */
const ON_PHONE = 4;

export function Shell({ children }: { readonly children: ComponentChildren }): JSX.Element {
  const app = useApp();
  const { view } = app.router.route.value;
  const isPhone = useMedia("(max-width: 760px)");
  const views = VIEW_ROWS.map(([each]) => each).filter((each) => shownView(each, app.mayControl) === each);
  return (
    <div class="shell">
      <a class="skip" href="#content" onClick={skipToContent}>Skip to the content</a>
      <aside class="side">
        <a class="brand" href={href("overview")}>
          <img src="/assets/icon.svg" alt="" width="26" height="26" />
          <span>AgentFlow</span>
        </a>
        <nav aria-label="Views">
          {views.slice(0, isPhone ? ON_PHONE : views.length).map((each) => (
            <a
              key={each}
              class={each === "spawn" ? "nav nav-spawn" : "nav"}
              href={href(each)}
              aria-current={each === view ? "page" : undefined}
            >
              <Icon name={ICONS[each]} />
              <span class="nav-label">{VIEWS[each].label}</span>
              <Badge view={each} />
            </a>
          ))}
          {isPhone && <MoreViews views={views.slice(ON_PHONE)} current={view} />}
        </nav>
        <div class="side-foot">
          <LinkMark />
          <div class="side-buttons">
            <Button
              tone="ghost"
              iconOnly
              icon={app.theme.theme.value === "dark" ? "sun" : "moon"}
              label={app.theme.theme.value === "dark" ? "Light colours" : "Dark colours"}
              onClick={() => app.theme.toggle()}
            />
            <Button
              tone="ghost"
              iconOnly
              icon="help"
              label="Keyboard shortcuts"
              onClick={() => app.asked.value = { kind: "help" }}
            />
            {app.store.session.value?.token === true && (
              <Button
                tone="ghost"
                iconOnly
                icon="exit"
                label="Log out"
                onClick={() => void logOut()}
              />
            )}
          </div>
        </div>
      </aside>
      <main id="content" class="main" tabIndex={-1}>
        <Banner />
        {children}
      </main>
      <Toasts />
      <Announcer />
    </div>
  );
}

/** The menu of the views that do not fit on a phone. */
function MoreViews(
  { views, current }: { readonly views: readonly View[]; readonly current: View },
): JSX.Element {
  const app = useApp();
  return (
    <Menu
      label="More views"
      hint={views.includes(current) ? VIEWS[current].label : "More"}
      isCurrent={views.includes(current)}
      items={views.map((each) => ({
        icon: ICONS[each],
        label: VIEWS[each].label,
        run: () => app.router.go(href(each)),
      }))}
    >
      {views.map((each) => <Badge key={each} view={each} />)}
    </Menu>
  );
}

function skipToContent(event: MouseEvent): void {
  // The part after `#` belongs to the view.
  event.preventDefault();
  document.getElementById("content")?.focus();
}

async function logOut(): Promise<void> {
  await act("/api/logout");
  location.reload();
}

const LINK_WORDS: Readonly<Record<Exclude<LinkState, "live">, string>> = {
  connecting: "Connecting…",
  silent: "Server is silent",
  lost: "Server lost, retrying",
};

function LinkMark(): JSX.Element {
  const { store } = useApp();
  const link = store.link.value;
  const hasBroker = store.broker.value?.connected !== false;
  const [state, words] = link !== "live"
    ? ["bad", LINK_WORDS[link]]
    : hasBroker
    ? ["good", "Live"]
    : ["bad", "No broker"];
  const rate = store.drops.value.log_rate;
  return (
    <p class={`link link-${state}`} role="status">
      <span class="link-dot" aria-hidden="true" />
      {words}
      {link === "live" && rate > 0 && (
        <span class="link-rate" title="Log lines a second">{`${rate.toLocaleString("en-US")} log/s`}</span>
      )}
    </p>
  );
}

/** Why the page is not up to date. */
function Banner(): JSX.Element | null {
  const { store } = useApp();
  const broker = store.broker.value;
  if (store.link.value === "lost" || store.link.value === "silent") {
    return (
      <p class="banner" role="alert">
        The dashboard's server does not answer. What is shown may be old; it is tried again.
      </p>
    );
  }
  if (broker === null || broker.connected) return null;
  return <p class="banner" role="alert">{broker.reason}</p>;
}

function Toasts(): JSX.Element {
  const app = useApp();
  return (
    <div class="toasts" role="status" aria-live="polite">
      {app.toasts.value.map(({ id, kind, text }) => (
        <div key={id} class={`toast toast-${kind}`}>
          <span>{visible(text)}</span>
          <Button tone="ghost" iconOnly icon="close" label="Dismiss" onClick={() => app.dismiss(id)} />
        </div>
      ))}
    </div>
  );
}

/** Minimum time between announcements: a screen reader needs time to read each one. */
const ANNOUNCE_MS = 3000;

/** Announces alerts to screen readers. */
function Announcer(): JSX.Element {
  const { store } = useApp();
  const [words, setWords] = useState("");
  const last = useRef<{ readonly seq: number; readonly atMs: number } | null>(null);
  const newest = store.alerts.value.at(-1);
  useEffect(() => {
    if (newest === undefined) return;
    const isFirst = last.current === null;
    const isTooSoon = !isFirst && performance.now() - (last.current?.atMs ?? 0) < ANNOUNCE_MS;
    if (!isFirst && !isTooSoon && newest.seq !== last.current?.seq) {
      setWords(`Alert from ${newest.agent ?? newest.node ?? "an agent"}: ${newest.message}`);
    }
    if (!isTooSoon) last.current = { seq: newest.seq, atMs: performance.now() };
  }, [newest]);
  return <div class="unseen" aria-live="assertive">{words}</div>;
}
