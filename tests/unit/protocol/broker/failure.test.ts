import { assertEquals, assertStringIncludes } from "@std/assert";
import { parseBroker } from "../../../../protocol/broker/broker_url.ts";
import {
  type ConnectAttempt,
  type ConnectionError,
  describeFailure,
  failureKind,
} from "../../../../protocol/broker/failure.ts";

function attempt(url: string, more: Partial<ConnectAttempt> = {}): ConnectAttempt {
  return {
    broker: parseBroker(url, undefined),
    accepted: false,
    hasCa: false,
    hasCertificate: false,
    hasUsername: false,
    timeoutMs: 10_000,
    ...more,
  };
}

function failure(code?: unknown, message = "its own words", more: object = {}): ConnectionError {
  return Object.assign(new Error(message), { code, ...more });
}

/** What is said of `error` on a connection to `url`. */
const said = (error: ConnectionError | undefined, url = "mqtts://b", more: Partial<ConnectAttempt> = {}) =>
  describeFailure(error, attempt(url, more));

Deno.test("a certificate that nobody known has signed leads to --ca", () => {
  for (
    const code of [
      "SELF_SIGNED_CERT_IN_CHAIN",
      "DEPTH_ZERO_SELF_SIGNED_CERT",
      "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
      "UNABLE_TO_GET_ISSUER_CERT",
      "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
    ]
  ) {
    assertEquals(
      said(failure(code)),
      "the broker's certificate is not signed by a CA this machine trusts: give its CA with --ca FILE",
    );
    assertEquals(
      said(failure(code), "wss://b", { hasCa: true }),
      "the broker's certificate is not signed by the CA of --ca: give the CA that has signed it",
    );
  }
});

Deno.test("a certificate out of its time says so, and names the clock", () => {
  assertEquals(
    said(failure("CERT_HAS_EXPIRED")),
    "the broker's certificate has expired: it must be renewed (or this machine's clock is wrong)",
  );
  assertEquals(
    said(failure("CERT_NOT_YET_VALID")),
    "the broker's certificate is not valid yet: is this machine's clock right?",
  );
});

Deno.test("a certificate for another host names both, as far as they are known", () => {
  const code = "ERR_TLS_CERT_ALTNAME_INVALID";
  assertEquals(
    said(failure(code, "", { cert: { subjectaltname: "DNS:a, DNS:c" } })),
    "the broker's certificate is not for 'b' but for DNS:a, DNS:c: use a name from the certificate",
  );
  assertEquals(
    said(failure(code)),
    "the broker's certificate is not for 'b': use a name from the certificate",
  );
  const long = said(failure(code, "", { cert: { subjectaltname: "x".repeat(10_000) } }));
  assertEquals(long.length < 400, true);
});

Deno.test("each complaint of the broker about the client's certificate is told apart", () => {
  const own = { hasCertificate: true };
  const cases: [code: string, more: Partial<ConnectAttempt>, reason: string][] = [
    [
      "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED",
      {},
      "the broker demands a client certificate: give one with --cert FILE and --key FILE",
    ],
    [
      "ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE",
      {},
      "the broker refuses the TLS handshake: if it demands a client certificate, give --cert and --key",
    ],
    [
      "ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE",
      own,
      "the broker does not accept the client certificate of --cert (handshake failure)",
    ],
    [
      "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA",
      own,
      "the broker does not know the CA that has signed the client certificate of --cert",
    ],
    [
      "ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED",
      own,
      "the client certificate of --cert has expired: renew it",
    ],
    [
      "ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED",
      own,
      "the client certificate of --cert has been revoked: replace it",
    ],
    [
      "ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE",
      own,
      "the broker does not accept the client certificate of --cert (bad certificate)",
    ],
    ["ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION", {}, "the broker speaks neither TLS 1.2 nor 1.3"],
    ["ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR", {}, "the broker refuses the TLS handshake (internal error)"],
  ];
  for (const [code, more, reason] of cases) {
    assertEquals(said(failure(code), "mqtts://b", more), reason, code);
  }
});

Deno.test("a refused user is told which flags to look at", () => {
  for (const code of [4, 5]) {
    assertEquals(
      said(failure(code), "mqtt://b", { hasUsername: true }),
      "the broker refuses the user name or password (or this user may not connect): " +
        "check --username and --password-file",
    );
    assertEquals(
      said(failure(code), "mqtt://b"),
      "the broker refuses a client without a user name: give --username and --password-file",
    );
    assertEquals(
      said(failure(code), "mqtts://b", { hasCertificate: true }),
      "the broker refuses the certificate of --cert alone: give --username and --password-file",
    );
  }
});

Deno.test("the other answers to a client are told apart", () => {
  assertEquals(said(failure(1)), "the broker does not speak MQTT 3.1.1");
  assertEquals(said(failure(2)), "the broker refuses the client id of this node: check its access rules");
  assertEquals(said(failure(3)), "the broker is there, but not ready");
  assertEquals(said(failure(99)), "the broker refuses the connection (code 99)");
});

Deno.test("TLS to a port that has none is recognised however it fails", () => {
  const cut = "Client network socket disconnected before secure TLS connection was established";
  assertEquals(
    said(failure("ECONNRESET", cut)),
    "that port does not speak TLS: use the broker's TLS port, or mqtt:// if it has none",
  );
  assertEquals(
    said(failure("ERR_SSL_WRONG_VERSION_NUMBER"), "wss://b"),
    "that port does not speak TLS: use the broker's TLS port, or ws:// if it has none",
  );
});

Deno.test("a port that closes without an answer may expect another protocol", () => {
  const cases: [url: string, question: string][] = [
    ["mqtt://b", "does that port expect TLS (mqtts://) or WebSocket (ws://, wss://)?"],
    ["mqtts://b", "does that port expect WebSocket (wss://)?"],
    [
      "ws://b",
      "does that port expect TLS (wss://) or plain MQTT (mqtt://), or is the path in the URL wrong?",
    ],
    ["wss://b", "does that port expect plain MQTT (mqtts://), or is the path in the URL wrong?"],
  ];
  for (const [url, question] of cases) {
    for (const error of [undefined, failure("ECONNRESET"), failure("EPIPE")]) {
      assertEquals(said(error, url), `the connection was closed without an answer: ${question}`);
    }
  }
});

Deno.test("an answer in another protocol is quoted, briefly", () => {
  assertStringIncludes(
    said(failure(undefined, "Invalid header flag bits"), "mqtt://b"),
    "the server there does not speak MQTT (Invalid header flag bits): does that port expect TLS",
  );
  assertStringIncludes(
    said(failure("HPE_INVALID_CONSTANT", "Parse Error"), "ws://b"),
    "the server there does not speak WebSocket (Parse Error): does that port expect TLS",
  );
  assertEquals(said(failure(undefined, "x".repeat(10_000)), "mqtt://b").length < 400, true);
});

Deno.test("nobody there, no such name and no answer are told apart", () => {
  assertEquals(said(failure("ECONNREFUSED")), "connection refused (is a broker running there?)");
  assertEquals(
    said(failure("ENOTFOUND")),
    "the name 'b' cannot be resolved: check --broker and this machine's name service",
  );
  assertEquals(
    said(failure(undefined, "connack timeout")),
    "no answer within 10 s: is it an MQTT broker?",
  );
});

Deno.test("of several addresses that failed the first counts", () => {
  const error = failure(undefined, "", { errors: [failure("ECONNREFUSED"), failure("EHOSTUNREACH")] });
  assertEquals(said(error), "connection refused (is a broker running there?)");
});

Deno.test("a connection that had been accepted ends with one description, however its end is noticed", () => {
  const ends = [undefined, failure("ECONNRESET", "read ECONNRESET"), failure("EPIPE", "write EPIPE")];
  for (const end of ends) {
    assertEquals(said(end, "mqtt://b", { accepted: true }), "the broker closed the connection");
  }
  const other = failure("ETIMEDOUT", "read ETIMEDOUT");
  assertEquals(said(other, "mqtt://b", { accepted: true }), "read ETIMEDOUT");
});

Deno.test("a broker that is not there is told from one that does not let in", () => {
  const error = (code: string | number, message = "x") => Object.assign(new Error(message), { code });
  assertEquals(failureKind(error("ECONNREFUSED")), "absent");
  assertEquals(failureKind(new Error("connack timeout")), "absent");
  assertEquals(failureKind(Object.assign(new Error(""), { errors: [error("ENETUNREACH")] })), "absent");
  assertEquals([4, 5].map((code) => failureKind(error(code))), ["refused", "refused"]);
  assertEquals(failureKind(error("ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED")), "refused");
  assertEquals([error(3), error("CERT_HAS_EXPIRED"), undefined].map(failureKind), [
    "other",
    "other",
    "other",
  ]);
});
