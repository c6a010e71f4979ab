/** A short run of `deno task chaos`; those on mosquitto are in tests/slow. */
import { chaosLaw } from "../support/chaos_law.ts";

// Each of its faults kills the broker.
chaosLaw("embedded", "memory", 794, 3);
