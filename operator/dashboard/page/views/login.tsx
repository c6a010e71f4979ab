/** Asks for the token. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Button } from "../parts/basics.tsx";
import { Field } from "../parts/form.tsx";
import { act } from "../state/api.ts";
import { useApp } from "../state/app.ts";

export function Login(): JSX.Element {
  const { store } = useApp();
  const [token, setToken] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const logIn = async (event: Event) => {
    event.preventDefault();
    const { ok, message } = await act("/api/login", { token });
    if (ok) store.needsToken.value = false;
    else setProblem(message);
  };
  return (
    <main class="login">
      <form class="login-box" onSubmit={(event) => void logIn(event)}>
        <img src="/assets/icon.svg" alt="" width="44" height="44" />
        <h1>AgentFlow</h1>
        <Field label="Token of this dashboard" problem={problem}>
          <input
            class="input"
            type="password"
            autocomplete="current-password"
            value={token}
            aria-invalid={problem !== null}
            onInput={({ currentTarget }) => setToken(currentTarget.value)}
          />
        </Field>
        <Button type="submit" tone="primary" label="Log in" disabled={token === ""} />
      </form>
    </main>
  );
}
