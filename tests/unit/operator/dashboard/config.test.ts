import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { ConfigError } from "../../../../protocol/config/config_error.ts";
import { parseCommandLine } from "../../../../operator/dashboard/config.ts";
import { ALL_FLAGS, dashboardHelp } from "../../../../operator/dashboard/flags.ts";
import { readToken } from "../../../../operator/dashboard/token_file.ts";

function configOf(...args: string[]) {
  const request = parseCommandLine(args, {});
  assert(request.kind === "run");
  return request.config;
}

Deno.test("the dashboard serves this machine alone and only shows, when nothing is said", () => {
  const { listen, httpPort, allowControl, showCode, tokenFile, hostNames } = configOf();
  assertEquals([listen, httpPort, allowControl, showCode, tokenFile, hostNames], [
    "127.0.0.1",
    8080,
    false,
    false,
    undefined,
    [],
  ]);
});

Deno.test("the dashboard reads its flags", () => {
  const config = configOf(
    "--broker",
    "embedded",
    "--port",
    "1884",
    "--http-port=0",
    "--allow-control",
    "--show-code",
    "--host-name",
    "a.example, b.example",
    "--sign-key",
    "/k",
    "--token-file",
    "/t",
  );
  assertEquals([config.broker, config.port, config.httpPort, config.allowControl, config.showCode], [
    "embedded",
    1884,
    0,
    true,
    true,
  ]);
  assertEquals([config.hostNames, config.signKey], [["a.example", "b.example"], "/k"]);
  assertEquals(parseCommandLine(["--help", "--http-port", "x"], {}), { kind: "help" });
});

Deno.test("other machines are let in with a token only", () => {
  for (const listen of ["0.0.0.0", "::", "192.168.1.7", "127.evil"]) {
    assertThrows(() => configOf("--listen", listen), ConfigError, "give --token-file FILE");
  }
  assertEquals(configOf("--listen", "0.0.0.0", "--token-file", "/t").tokenFile, "/t");
  for (const listen of ["localhost", "::1", "127.0.0.2"]) {
    assertEquals(configOf("--listen", listen).listen, listen);
  }
});

Deno.test("with a key that signs, whoever asks must show a token, on this machine too", () => {
  const withKey = ["--sign-key", "/k"];
  for (const listen of ["127.0.0.1", "localhost", "::1"]) {
    assertThrows(
      () => configOf("--listen", listen, ...withKey),
      ConfigError,
      "--sign-key would sign for every user and every program of this machine",
    );
  }
  assertThrows(
    () => parseCommandLine([], { AGENTFLOW_SIGN_KEY: "/k" }),
    ConfigError,
    "--sign-key would sign",
  );
  assertEquals(configOf(...withKey, "--token-file", "/t").signKey, "/k");
});

Deno.test("the dashboard refuses flags and values that it cannot use", () => {
  for (
    const args of [["--http-port", "x"], ["--http-port", "70000"], ["--listen"], ["--nonsense"], ["extra"]]
  ) {
    assertThrows(() => configOf(...args), ConfigError);
  }
});

Deno.test("the help names every flag", () => {
  for (const { name } of ALL_FLAGS) assertStringIncludes(dashboardHelp(), `--${name}`);
});

Deno.test("a token file must be the owner's alone, and hold what cannot be guessed", async () => {
  const dir = await Deno.makeTempDir();
  const write = async (name: string, text: string, mode: number) => {
    await Deno.writeTextFile(`${dir}/${name}`, text, { mode });
    await Deno.chmod(`${dir}/${name}`, mode);
    return `${dir}/${name}`;
  };
  const good = await readToken(await write("good", "0123456789abcdef\n", 0o600));
  assertEquals(good.reveal(), "0123456789abcdef");
  await assertRejects(
    () => write("open", "0123456789abcdef", 0o644).then(readToken),
    ConfigError,
    "chmod 600",
  );
  await assertRejects(
    () => write("short", "0123456789", 0o600).then(readToken),
    ConfigError,
    "16 characters",
  );
  await assertRejects(() => readToken(`${dir}/none`), ConfigError, "no such file");
  await Deno.remove(dir, { recursive: true });
});

Deno.test("the model of the chat is read from flags and the environment, and its key is no text of the config", () => {
  assertEquals(configOf().model, undefined);
  const request = parseCommandLine(["--model", "m", "--model-provider", "anthropic"], {
    ANTHROPIC_API_KEY: "sk-secret",
    AGENTFLOW_MODEL_URL: "http://127.0.0.1:1/v1/",
  });
  assert(request.kind === "run");
  const { model } = request.config;
  assertEquals([model?.model, model?.provider, model?.url], ["m", "anthropic", "http://127.0.0.1:1/v1"]);
  assertEquals(model?.key?.reveal(), "sk-secret");
  assertEquals(JSON.stringify(request.config).includes("sk-secret"), false);
  assertThrows(() => configOf("--model", "m", "--model-provider", "openai"), ConfigError, "needs a key");
  assertThrows(() => configOf("--model", "m", "--model-url", "x"), ConfigError, "--model-url must be");
});
