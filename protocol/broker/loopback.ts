/** Which hosts are this machine itself. Pure. */

/** Whether nobody on another machine is reached by `host`, or reaches what listens there. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/.test(host);
}
