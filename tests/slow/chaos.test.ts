/** Short runs of `deno task chaos`; a shorter one on the embedded broker is in tests/integration. */
import { chaosLaw } from "../support/chaos_law.ts";

chaosLaw("mosquitto", "memory", 12, 7);
chaosLaw("mosquitto", "disk", 11, 7);
// Every fault of a fleet once: an operator killed in each wave, a node away, a clock wrong by an hour, a broker killed.
chaosLaw("embedded", "memory", 1, 8, "fleet");
