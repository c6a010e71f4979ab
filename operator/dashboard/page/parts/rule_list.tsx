/** The rules: what each watches for, and whom it tells. */
import type { JSX } from "preact";
import type { NoticeBoard, Rule } from "../../notice_wire.ts";
import { dayAndTime } from "../logic/format.ts";
import { tellingWords, watchWords } from "../logic/rule_words.ts";
import { visible } from "../logic/visible.ts";
import { apiPath } from "../state/api.ts";
import { useApp } from "../state/app.ts";
import { Button, Empty, Panel } from "./basics.tsx";
import { Menu, type MenuItem } from "./menu.tsx";

const HOUR_SECONDS = 3600;
const MUTES = [["1 hour", HOUR_SECONDS], ["8 hours", 8 * HOUR_SECONDS], [
  "7 days",
  168 * HOUR_SECONDS,
]] as const;

export function RuleList({ board }: { readonly board: NoticeBoard }): JSX.Element {
  return (
    <Panel title="Rules" flush>
      {board.rules.length === 0
        ? (
          <Empty title="No rule yet">
            A rule says what people are told: a node is off, an agent has failed, a reading is too high.
          </Empty>
        )
        : <ol class="lines">{board.rules.map((rule) => <RuleRow key={rule.id} rule={rule} />)}</ol>}
    </Panel>
  );
}

function RuleRow({ rule }: { readonly rule: Rule }): JSX.Element {
  const app = useApp();
  const isMuted = rule.muted_until !== null && rule.muted_until > app.store.now.value;
  const mute = (seconds: number) =>
    void app.perform(`Muting ${rule.name}`, apiPath("rules", rule.id, "mute"), { seconds });
  const mutes = MUTES.map(([words, seconds]): MenuItem => ({
    icon: "pause",
    label: `Mute for ${words}`,
    run: () => mute(seconds),
  }));
  const items: MenuItem[] = [
    ...(isMuted ? [{ icon: "play", label: "Unmute", run: () => mute(0) } as const] : mutes),
    {
      icon: "trash",
      label: "Remove…",
      danger: true,
      run: () => app.asked.value = { kind: "remove_rule", rule },
    },
  ];
  return (
    <li class="line" data-rule={rule.name}>
      <div class="line-main">
        <p>
          <strong>{visible(rule.name)}</strong>
          {!rule.enabled && <span class="badge">off</span>}
          {isMuted && (
            <span class="badge badge-warn">{`muted until ${dayAndTime(rule.muted_until ?? 0)}`}</span>
          )}
        </p>
        <p class="note">{visible(`When ${watchWords(rule.watch)}: ${tellingWords(rule)}.`)}</p>
      </div>
      {app.mayControl && (
        <div class="line-tools">
          <Button
            icon="alerts"
            label="Test"
            title="Sends a test to its channels"
            disabled={rule.channels.length === 0}
            onClick={() => void app.perform(`Testing ${rule.name}`, apiPath("rules", rule.id, "test"))}
          />
          <Button icon="edit" label="Edit…" onClick={() => app.router.choose({ rule: rule.id })} />
          <Menu label={`Actions for ${rule.name}`} items={items} />
        </div>
      )}
    </li>
  );
}
