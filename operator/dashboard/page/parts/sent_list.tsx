/** The channels, and what was sent over them. */
import type { JSX } from "preact";
import type { ChannelDto, DeliveryDto, NoticeBoard } from "../../notice_wire.ts";
import { dayAndTime } from "../logic/format.ts";
import { visible } from "../logic/visible.ts";
import { apiPath } from "../state/api.ts";
import { useApp } from "../state/app.ts";
import { Button, Empty, Panel } from "./basics.tsx";

const KIND_WORDS: Readonly<Record<ChannelDto["kind"], string>> = {
  webhook: "webhook",
  ntfy: "ntfy",
  email: "e-mail",
  mqtt: "MQTT topic",
};

export function SentList({ board }: { readonly board: NoticeBoard }): JSX.Element {
  return (
    <>
      <Panel title="Channels" flush>
        {board.channels.length === 0
          ? (
            <Empty title="No channel">
              Notices are only shown on this page. The operator of this dashboard names channels in a file:
              --channels-file.
            </Empty>
          )
          : (
            <ol class="lines">
              {board.channels.map((channel) => <ChannelRow key={channel.name} channel={channel} />)}
            </ol>
          )}
      </Panel>
      <Panel title="Sent" flush>
        {board.deliveries.length === 0 ? <Empty title="Nothing was sent yet" /> : (
          <ol class="lines">
            {board.deliveries.map((delivery) => <DeliveryRow key={delivery.id} delivery={delivery} />)}
          </ol>
        )}
      </Panel>
    </>
  );
}

function ChannelRow({ channel: { name, kind } }: { readonly channel: ChannelDto }): JSX.Element {
  const app = useApp();
  return (
    <li class="line" data-channel={name}>
      <div class="line-main">
        <p>
          <strong>{visible(name)}</strong> <span class="note">{KIND_WORDS[kind]}</span>
        </p>
      </div>
      {app.mayControl && (
        <div class="line-tools">
          <Button
            icon="alerts"
            label="Test"
            title="Sends a test"
            onClick={() => void app.perform(`Testing ${name}`, apiPath("channels", name, "test"))}
          />
        </div>
      )}
    </li>
  );
}

const STATUS_WORDS: Readonly<Record<DeliveryDto["status"], readonly [level: string, words: string]>> = {
  sent: ["level-info", "sent"],
  waiting: ["level-warning", "waiting"],
  failed: ["level-error", "given up"],
};

function DeliveryRow({ delivery }: { readonly delivery: DeliveryDto }): JSX.Element {
  const { channel, title, created, status, attempts, error } = delivery;
  const [level, words] = STATUS_WORDS[status];
  const tries = attempts > 1 ? `, ${attempts} attempts` : "";
  return (
    <li class="line" data-delivery={status}>
      <div class="line-main">
        <p>
          <span class={`level ${level}`}>{words}</span> {visible(title)}
        </p>
        <p class="note">
          {`to ${visible(channel)} · ${dayAndTime(created)}${tries}${
            error === null ? "" : ` · ${visible(error)}`
          }`}
        </p>
      </div>
    </li>
  );
}
