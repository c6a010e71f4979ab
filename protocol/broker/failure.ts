/** Why a connection to the broker failed, and what the operator can do about it. Pure. */
import { usesTls } from "./access.ts";
import type { BrokerUrl } from "./broker_url.ts";

/** An attempt to connect and how far it got. */
export interface ConnectAttempt {
  readonly broker: BrokerUrl;
  /** Whether the broker accepted the client. */
  readonly accepted: boolean;
  /** The credentials that the client presents and the CA it expects. */
  readonly hasCa: boolean;
  readonly hasCertificate: boolean;
  readonly hasUsername: boolean;
  readonly timeoutMs: number;
}

/** The errors of sockets, TLS, WebSocket and the MQTT client, with the fields used here. */
export type ConnectionError = Error & {
  readonly code?: unknown;
  readonly errors?: readonly Error[];
  /** The broker's certificate, when its names are the problem. */
  readonly cert?: { readonly subjectaltname?: unknown };
};

const MAX_QUOTE_CHARS = 200;

/** `absent`: no broker answers there; `refused`: the broker rejects this client. */
export type FailureKind = "absent" | "refused" | "other";

const ABSENT = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "ETIMEDOUT"];

/** @param error as of `describeFailure` */
export function failureKind(error: ConnectionError | undefined): FailureKind {
  const first = error?.errors?.[0];
  if (error?.message === "" && first !== undefined) return failureKind(first);
  if (typeof error?.code === "number") return error.code === 4 || error.code === 5 ? "refused" : "other";
  const code = String(error?.code ?? "");
  if (ABSENT.includes(code) || error?.message === "connack timeout") return "absent";
  return code.startsWith("ERR_SSL_") && code.includes("ALERT_") ? "refused" : "other";
}

/** Whether the other side closed the connection without giving a reason. */
export function isBareEnd(error: ConnectionError | undefined): boolean {
  return error === undefined || ["ECONNRESET", "EPIPE"].includes(String(error.code));
}

/** @param error `undefined` when the connection ended without one */
export function describeFailure(error: ConnectionError | undefined, attempt: ConnectAttempt): string {
  const first = error?.errors?.[0];
  if (error?.message === "" && first !== undefined) return describeFailure(first, attempt);
  if (error?.message === "Keepalive timeout") return "it no longer answers: it hangs, or the network is cut";
  return (error === undefined ? undefined : ofCode(error, attempt)) ??
    (attempt.accepted ? undefined : beforeAnswer(error, attempt)) ??
    quote(error);
}

function ofCode(error: ConnectionError, attempt: ConnectAttempt): string | undefined {
  if (typeof error.code === "number") return ofReturnCode(error.code, attempt);
  const code = String(error.code ?? "");
  switch (code) {
    case "ECONNREFUSED":
      return "connection refused (is a broker running there?)";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `the name '${attempt.broker.host}' cannot be resolved: check --broker and this machine's name service`;
    case "CERT_HAS_EXPIRED":
      return "the broker's certificate has expired: it must be renewed (or this machine's clock is wrong)";
    case "CERT_NOT_YET_VALID":
      return "the broker's certificate is not valid yet: is this machine's clock right?";
    case "CERT_REVOKED":
      return "the broker's certificate has been revoked: it must be replaced";
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
      return attempt.hasCa
        ? "the broker's certificate is not signed by the CA of --ca: give the CA that has signed it"
        : "the broker's certificate is not signed by a CA this machine trusts: give its CA with --ca FILE";
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return wrongName(error, attempt);
    default:
      return ofAlert(code, attempt);
  }
}

function wrongName({ cert }: ConnectionError, { broker }: ConnectAttempt): string {
  const names = typeof cert?.subjectaltname === "string" ? cert.subjectaltname.slice(0, MAX_QUOTE_CHARS) : "";
  return `the broker's certificate is not for '${broker.host}'` +
    `${names === "" ? "" : ` but for ${names}`}: use a name from the certificate`;
}

/** What a TLS alert from the broker means. */
function ofAlert(code: string, { hasCertificate }: ConnectAttempt): string | undefined {
  const alert = code.startsWith("ERR_SSL_") ? code.split("ALERT_")[1] : undefined;
  switch (alert) {
    case undefined:
      return undefined;
    case "CERTIFICATE_REQUIRED":
      return "the broker demands a client certificate: give one with --cert FILE and --key FILE";
    case "CERTIFICATE_EXPIRED":
      return "the client certificate of --cert has expired: renew it";
    case "CERTIFICATE_REVOKED":
      return "the client certificate of --cert has been revoked: replace it";
    case "PROTOCOL_VERSION":
      return "the broker speaks neither TLS 1.2 nor 1.3";
    case "UNKNOWN_CA":
      return "the broker does not know the CA that has signed the client certificate of --cert";
    case "HANDSHAKE_FAILURE":
      // In TLS 1.2 this may also mean that a client certificate is missing.
      if (!hasCertificate) {
        return "the broker refuses the TLS handshake: if it demands a client certificate, give --cert and --key";
      }
  }
  const reason = alert.toLowerCase().replaceAll("_", " ");
  return hasCertificate
    ? `the broker does not accept the client certificate of --cert (${reason})`
    : `the broker refuses the TLS handshake (${reason})`;
}

/** MQTT 3.1.1, 3.2.2.3. */
function ofReturnCode(code: number, { hasUsername, hasCertificate }: ConnectAttempt): string {
  switch (code) {
    case 1:
      return "the broker does not speak MQTT 3.1.1";
    case 2:
      return "the broker refuses the client id of this node: check its access rules";
    case 3:
      return "the broker is there, but not ready";
    case 4:
    case 5: {
      if (hasUsername) {
        return "the broker refuses the user name or password (or this user may not connect): " +
          "check --username and --password-file";
      }
      const certificate = hasCertificate ? "the certificate of --cert alone" : "a client without a user name";
      return `the broker refuses ${certificate}: give --username and --password-file`;
    }
    default:
      return `the broker refuses the connection (code ${code})`;
  }
}

/** The other side closed the connection or sent a non-MQTT answer: usually the port expects another protocol. */
function beforeAnswer(error: ConnectionError | undefined, { broker, timeoutMs }: ConnectAttempt): string {
  const message = error?.message ?? "";
  if (message === "connack timeout") return `no answer within ${timeoutMs / 1000} s: is it an MQTT broker?`;
  const isTls = usesTls(broker);
  const isEnd = isBareEnd(error);
  if (isTls && (/WRONG_VERSION_NUMBER/.test(String(error?.code)) || /before secure TLS/.test(message))) {
    return "that port does not speak TLS: use the broker's TLS port, " +
      `or ${broker.url.startsWith("wss") ? "ws" : "mqtt"}:// if it has none`;
  }
  const what = isEnd
    ? "the connection was closed without an answer"
    : `the server there does not speak ${broker.url.startsWith("ws") ? "WebSocket" : "MQTT"} (${
      quote(error)
    })`;
  return `${what}: ${expectation(broker)}`;
}

function expectation({ url }: BrokerUrl): string {
  switch (url.slice(0, url.indexOf(":"))) {
    case "mqtt":
      return "does that port expect TLS (mqtts://) or WebSocket (ws://, wss://)?";
    case "mqtts":
      return "does that port expect WebSocket (wss://)?";
    case "ws":
      return "does that port expect TLS (wss://) or plain MQTT (mqtt://), or is the path in the URL wrong?";
    default:
      return "does that port expect plain MQTT (mqtts://), or is the path in the URL wrong?";
  }
}

function quote(error: ConnectionError | undefined): string {
  // Timing decides whether a read or a write notices the end: both get the same description.
  if (error === undefined || isBareEnd(error)) return "the broker closed the connection";
  const text = error.message === "" ? String(error.code ?? error.name) : error.message;
  return text.slice(0, MAX_QUOTE_CHARS);
}
