import { assertEquals } from "@std/assert";
import { fetchEnv, jsrHost, registryEnv } from "../../../../protocol/packages/env.ts";

Deno.test("fetching process gets registries, proxies and certificates, and nothing else", () => {
  const wanted = {
    HOME: "/home/pi",
    NPM_CONFIG_REGISTRY: "https://npm.test/",
    JSR_URL: "https://jsr.test/",
    HTTPS_PROXY: "http://proxy.test:3128",
    no_proxy: "localhost",
    DENO_CERT: "/etc/ca.pem",
    DENO_TLS_CA_STORE: "system",
  };
  const env = {
    ...wanted,
    AWS_SECRET_ACCESS_KEY: "x",
    DENO_DIR: "/x",
    NODE_OPTIONS: "x",
    HTTP_PROXY: "",
    LD_PRELOAD: "x.so",
    AGENTFLOW_PASSWORD: "x",
    AGENTFLOW_USERNAME: "x",
  };
  assertEquals(fetchEnv(env), wanted);
  const npmrc = "//npm.test/:_authToken=${AWS_SECRET_ACCESS_KEY}\nx=\\${LD_PRELOAD}\ny=${ABSENT}";
  assertEquals(fetchEnv(env, npmrc), { ...wanted, AWS_SECRET_ACCESS_KEY: "x" });
});

Deno.test("agent's process gets of these what decides where Deno looks for a package", () => {
  const env = {
    HOME: "/home/pi",
    JSR_URL: "https://jsr.test/",
    HTTPS_PROXY: "http://user:secret@proxy.test",
  };
  assertEquals(registryEnv(env), { JSR_URL: "https://jsr.test/" });
});

Deno.test("host of the JSR registry comes with its port", () => {
  assertEquals(jsrHost({}), "jsr.io:443");
  assertEquals(jsrHost({ JSR_URL: "http://mirror.test/jsr/" }), "mirror.test:80");
  assertEquals(jsrHost({ JSR_URL: "http://[::1]:4873/" }), "[::1]:4873");
});
