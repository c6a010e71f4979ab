/** Properties over generated input: the same input on every run, other input where `FUZZ_SEED` or `FUZZ_RUNS` asks for it. */
import fc from "fast-check";

const DEFAULT_SEED = 20_260_101;
const DEFAULT_RUNS = 1_000;

function number(name: string, otherwise: number): number {
  const given = Deno.env.get(name);
  if (given === undefined) return otherwise;
  // `random`: the report of a failure says which seed it was.
  const value = given === "random" ? Math.trunc(Math.random() * 2 ** 31) : Number(given);
  if (!Number.isSafeInteger(value)) throw new Error(`${name} must be a whole number or "random": ${given}`);
  return value;
}

/** Registers a test that `law` holds for whatever `arbitrary` makes; a failure is shrunk to its smallest case. */
export function holds<T>(
  name: string,
  arbitrary: fc.Arbitrary<T>,
  law: (value: T) => void | Promise<void>,
  runs = DEFAULT_RUNS,
): void {
  Deno.test(name, async () => {
    const property = fc.asyncProperty(arbitrary, async (value) => await law(value));
    await fc.assert(property, {
      seed: number("FUZZ_SEED", DEFAULT_SEED),
      numRuns: number("FUZZ_RUNS", runs),
    });
  });
}

/** Strings as strangers write them: of any Unicode, lone surrogates and control characters among them. */
export const anyText = fc.oneof(fc.string({ unit: "binary" }), fc.string(), fc.string({ unit: utf16() }));

/** One UTF-16 unit, paired or not. */
function utf16(): fc.Arbitrary<string> {
  return fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit));
}

/** What `JSON.parse` can give, keys that reach for prototypes among it. */
export const anyJson: fc.Arbitrary<unknown> = fc.anything({
  key: fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "prototype", "t", "name")),
  values: [fc.boolean(), fc.double(), fc.integer(), anyText, fc.constant(null)],
  maxDepth: 4,
}).map((value) => JSON.parse(JSON.stringify(value) ?? "null"));

/** An object with any of `fields`, each fit or unfit: `fit` makes what passes now and then. */
export function fieldsOf(fit: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<
  Record<string, unknown>
> {
  const model = Object.fromEntries(
    Object.entries(fit).map(([field, good]) => [
      field,
      fc.oneof({ weight: 12, arbitrary: good }, { weight: 1, arbitrary: anyJson }),
    ]),
  );
  return fc.record(model, { requiredKeys: [] });
}
