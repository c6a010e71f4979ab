/** The Deno that nodes are shipped with: the one the project is tested with. */
export const DENO_VERSION = "2.9.6";
