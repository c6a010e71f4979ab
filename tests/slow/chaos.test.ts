/** Short runs of `deno task chaos` on mosquitto; the one on the embedded broker is in tests/integration. */
import { chaosLaw } from "../support/chaos_law.ts";

chaosLaw("mosquitto", "memory", 12, 7);
chaosLaw("mosquitto", "disk", 11, 7);
