/** A real SMTP server on a free port, which keeps the mails that it gets. */
import { SMTPServer } from "smtp-server";

interface Session {
  readonly envelope: { readonly mailFrom: { readonly address: string } };
}

/** What this file uses of the library, which has no types of its own. */
interface Library {
  new (options: Readonly<Record<string, unknown>>): {
    listen(port: number, host: string, then: () => void): void;
    close(then: () => void): void;
    readonly server: { address(): { readonly port: number } };
    on(event: "error", listener: (error: Error) => void): void;
  };
}

export interface Mail {
  readonly from: string;
  /** Headers and body, as they came. */
  readonly text: string;
}

export interface MailServer extends AsyncDisposable {
  readonly url: string;
  readonly mails: readonly Mail[];
}

/** @param refusal what it says to every mail, with its SMTP code; undefined to take them */
export async function startMailServer(refusal?: { code: number; message: string }): Promise<MailServer> {
  const mails: Mail[] = [];
  const server = new (SMTPServer as unknown as Library)({
    authOptional: true,
    // Its own certificate would be trusted by nobody.
    disabledCommands: ["STARTTLS"],
    onData: (
      stream: AsyncIterable<Uint8Array>,
      { envelope }: Session,
      done: (error?: Error) => void,
    ) => {
      void (async () => {
        let text = "";
        const decoder = new TextDecoder();
        for await (const chunk of stream) text += decoder.decode(chunk, { stream: true });
        if (refusal !== undefined) {
          return done(Object.assign(new Error(refusal.message), { responseCode: refusal.code }));
        }
        mails.push({ from: envelope.mailFrom.address, text });
        done();
      })();
    },
  });
  server.on("error", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `smtp://127.0.0.1:${server.server.address().port}`,
    mails,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
