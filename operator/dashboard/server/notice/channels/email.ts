/** E-mail over SMTP. */
import nodemailer from "nodemailer";
import type { NoticeMessage } from "../message.ts";
import { type Channel, DeliveryError } from "./channel.ts";

/** What this file uses of the library, which has no types of its own. */
interface Mailer {
  readonly createTransport: (options: Readonly<Record<string, unknown>>) => {
    sendMail(mail: Readonly<Record<string, unknown>>): Promise<unknown>;
    close(): void;
  };
}

export interface EmailSettings {
  /** `smtps://HOST` for TLS from the start, `smtp://HOST` for STARTTLS where the server offers it. */
  readonly server: string;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly from: string;
  readonly to: readonly string[];
}

const SMTP_PORT = 587;
const SMTPS_PORT = 465;
/** How long the server may stay silent, milliseconds. */
const SILENT_MS = 10_000;
const MAX_HEADER = 200;

/** The id is the `Message-ID`, by which mail servers and programs recognize a message that they already have. */
export function email(settings: EmailSettings): Channel {
  const { protocol, hostname, port } = new URL(settings.server);
  const isSecure = protocol === "smtps:";
  const options = {
    host: hostname.replace(/^\[|\]$/g, ""),
    port: port === "" ? isSecure ? SMTPS_PORT : SMTP_PORT : Number(port),
    secure: isSecure,
    // A password must not go over the network in the clear.
    requireTLS: !isSecure && settings.password !== undefined,
    ...(settings.user === undefined ? {} : { auth: { user: settings.user, pass: settings.password ?? "" } }),
    connectionTimeout: SILENT_MS,
    greetingTimeout: SILENT_MS,
    socketTimeout: SILENT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  };
  return {
    kind: "email",
    send: async (message) => {
      // A connection for each message: they are few, and no server keeps an idle one for long.
      const transport = (nodemailer as Mailer).createTransport(options);
      try {
        await transport.sendMail(mailOf(message, settings));
      } catch (error) {
        throw failure(error, options.host);
      } finally {
        transport.close();
      }
    },
  };
}

function mailOf({ id, title, text, rule, subject, since, time }: NoticeMessage, settings: EmailSettings) {
  const domain = settings.from.split("@").at(-1)?.replace(/[^A-Za-z0-9.-]/g, "") || "localhost";
  return {
    from: settings.from,
    to: [...settings.to],
    subject: title.replaceAll(/[\p{Cc}\p{Cf}]/gu, " ").slice(0, MAX_HEADER),
    messageId: `<${id.replaceAll(/[^A-Za-z0-9.-]/g, "_")}@${domain}>`,
    text: `${text}.\n\nRule: ${rule}\nAbout: ${subject}\nSince: ${isoOf(since)}\nSent: ${isoOf(time)}\n`,
    headers: { "Auto-Submitted": "auto-generated" },
  };
}

function isoOf(time: number): string {
  return new Date(time * 1000).toISOString();
}

/** 5xx is an SMTP server's "never"; a wrong password is mended by the operator, so it counts as passing. */
function failure(error: unknown, host: string): DeliveryError {
  const { responseCode, code, message } = error as {
    readonly responseCode?: number;
    readonly code?: string;
    readonly message: string;
  };
  const isFinal = responseCode !== undefined && responseCode >= 500 && code !== "EAUTH";
  return new DeliveryError(`${host}: ${message}`, isFinal ? "final" : "passing");
}
