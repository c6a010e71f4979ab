/** The Deno version that nodes ship with, and that the project is tested with. */
export const DENO_VERSION = "2.9.6";
