/** Tells which hosts are this machine itself. Pure. */

/** Whether `host` is loopback: it never leads to, and cannot be reached from, another machine. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/.test(host);
}
