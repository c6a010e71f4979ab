/** Asks before a rule is removed. */
import type { JSX } from "preact";
import type { Rule } from "../../notice_wire.ts";
import { visible } from "../logic/visible.ts";
import { apiPath } from "../state/api.ts";
import { useApp } from "../state/app.ts";
import { Button } from "./basics.tsx";
import { Dialog } from "./dialog.tsx";

export function RemoveRuleDialog({ rule }: { readonly rule: Rule }): JSX.Element {
  const app = useApp();
  const remove = (event: Event) => {
    event.preventDefault();
    app.asked.value = null;
    void app.perform(`Removing ${rule.name}`, apiPath("rules", rule.id, "remove"));
  };
  return (
    <Dialog title={`Remove the rule ${visible(rule.name)}?`}>
      <form onSubmit={remove}>
        <p>Nobody is told any more by it, and its notices end without a word.</p>
        <footer class="dialog-foot">
          <Button label="Cancel" autofocus onClick={() => app.asked.value = null} />
          <Button type="submit" tone="danger" icon="trash" label="Remove" />
        </footer>
      </form>
    </Dialog>
  );
}
