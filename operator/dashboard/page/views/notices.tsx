/** What people are told: what holds now, the rules, what was sent. */
import type { JSX } from "preact";
import type { NoticeBoard } from "../../notice_wire.ts";
import { zoneWords } from "../logic/format.ts";
import { Button, PageHead, Segments } from "../parts/basics.tsx";
import { NoticeList } from "../parts/notice_list.tsx";
import { RuleForms } from "../parts/rule_form.tsx";
import { RuleList } from "../parts/rule_list.tsx";
import { SentList } from "../parts/sent_list.tsx";
import { useApp } from "../state/app.ts";

const PARTS = ["now", "rules", "sent"] as const;
type Part = typeof PARTS[number];

export function Notices(): JSX.Element {
  const { router, board, mayControl } = useApp();
  const part = PARTS.find((known) => known === router.query("show")) ?? "now";
  const known = board.value.value;
  const edited = router.query("rule");
  return (
    <div class="view">
      <PageHead title="Notices" note={`what people are told · ${zoneWords()}`}>
        <Segments<Part>
          label="Part"
          value={part}
          options={[["now", "Now"], ["rules", "Rules"], ["sent", "Sent"]]}
          onChange={(show) => router.choose({ show: show === "now" ? "" : show, rule: "" })}
        />
        {mayControl && (
          <Button
            icon="spawn"
            label="New rule"
            onClick={() => router.choose({ show: "rules", rule: "new" })}
          />
        )}
      </PageHead>
      {known === null
        ? <p class="loading" role="status">Looking…</p>
        : <PartContent part={part} board={known} edited={edited} />}
    </div>
  );
}

function PartContent(
  { part, board, edited }: { readonly part: Part; readonly board: NoticeBoard; readonly edited: string },
): JSX.Element {
  switch (part) {
    case "now":
      return <NoticeList board={board} />;
    case "rules":
      return edited === ""
        ? <RuleList board={board} />
        : <RuleForms key={edited} board={board} edited={edited} />;
    case "sent":
      return <SentList board={board} />;
    default:
      return part satisfies never;
  }
}
