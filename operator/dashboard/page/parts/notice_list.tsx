/** Notices: those that hold, then those that have ended. */
import type { JSX } from "preact";
import type { Notice, NoticeBoard } from "../../notice_wire.ts";
import { dayAndTime } from "../logic/format.ts";
import { visible } from "../logic/visible.ts";
import { apiPath } from "../state/api.ts";
import { useApp } from "../state/app.ts";
import { href } from "../state/router.ts";
import { Button, Empty, Panel } from "./basics.tsx";
import { Ago } from "./marks.tsx";

export function NoticeList({ board }: { readonly board: NoticeBoard }): JSX.Element {
  const open = board.notices.filter(({ ended }) => ended === null);
  const ended = board.notices.filter((notice) => notice.ended !== null);
  return (
    <>
      {board.idle !== null && <p class="note">{board.idle}.</p>}
      <Panel title="Holds now" flush>
        {open.length === 0
          ? (
            <Empty title="Nothing that a rule watches for">
              {board.rules.length === 0
                ? "There is no rule yet: a rule says what people are told."
                : <a href={href("notices", undefined, { show: "rules" })}>The rules</a>}
            </Empty>
          )
          : <ol class="lines">{open.map((notice) => <NoticeRow key={notice.id} notice={notice} />)}</ol>}
      </Panel>
      {ended.length > 0 && (
        <Panel title="Over" flush>
          <ol class="lines">{ended.map((notice) => <NoticeRow key={notice.id} notice={notice} />)}</ol>
        </Panel>
      )}
    </>
  );
}

function NoticeRow({ notice }: { readonly notice: Notice }): JSX.Element {
  const app = useApp();
  const { id, rule_name, subject, text, since, count, acknowledged, ended } = notice;
  return (
    <li class="line" data-notice={subject}>
      <div class="line-main">
        <p>
          <strong>{visible(text)}</strong>
          {count > 1 && <span class="badge" title="How often it has happened">{`${count} times`}</span>}
        </p>
        <p class="note">
          {`${visible(rule_name)} · since ${dayAndTime(since)} (`}
          <Ago time={since} />
          {`)${ended === null ? "" : ` · over since ${dayAndTime(ended)}`}`}
          {acknowledged !== null &&
            ` · acknowledged by ${visible(acknowledged.by)} at ${dayAndTime(acknowledged.at)}`}
        </p>
      </div>
      {app.mayControl && ended === null && (
        <div class="line-tools">
          {acknowledged === null && (
            <Button
              icon="check"
              label="Acknowledge"
              title="It is not told again"
              onClick={() => void app.perform("Acknowledging", apiPath("notices", id, "acknowledge"))}
            />
          )}
          <Button
            label="Close"
            title="Ends it here, for what nobody can judge any more"
            onClick={() => void app.perform("Closing", apiPath("notices", id, "close"))}
          />
        </div>
      )}
    </li>
  );
}
