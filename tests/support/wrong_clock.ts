/** For `deno run --preload`: the wall clock is wrong by CLOCK_IS_WRONG_BY_MS. Clocks that only measure go on as they are. */
const wrongByMs = Number(Deno.env.get("CLOCK_IS_WRONG_BY_MS"));
const RealDate = Date;

globalThis.Date = new Proxy(RealDate, {
  get: (real, key) => key === "now" ? () => real.now() + wrongByMs : Reflect.get(real, key),
  construct: (real, given) =>
    given.length === 0 ? new real(real.now() + wrongByMs) : Reflect.construct(real, given),
});
