import { assertEquals } from "@std/assert";
import { TokenBucket } from "../../../protocol/token_bucket.ts";

Deno.test("a bucket gives a second's worth at once, then at its rate", () => {
  const bucket = new TokenBucket(100, 0);
  assertEquals(bucket.take(100, 0), 0);
  assertEquals(bucket.take(50, 0), 500);
  assertEquals(bucket.take(0, 500), 0);
  assertEquals(bucket.take(10, 500), 100);
});

Deno.test("a bucket that has rested does not save up more than a second's worth", () => {
  const bucket = new TokenBucket(100, 0);
  assertEquals(bucket.take(150, 60_000), 500);
});

Deno.test("a bucket that is asked lets a burst pass, then its rate", () => {
  const bucket = new TokenBucket(2, 0, 3);
  assertEquals([0, 0, 0, 0].map((now) => bucket.tryTake(now)), [true, true, true, false]);
  assertEquals([500, 500].map((now) => bucket.tryTake(now)), [true, false]);
  assertEquals([bucket.isFull(500), bucket.isFull(60_000)], [false, true]);
});
