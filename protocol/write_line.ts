/** Writes lines to stdout and stderr. */

/** If nobody reads the stream any more, the program keeps running without it. */
export function writeLine(stream: { writeSync(bytes: Uint8Array): number }, line: string): void {
  const bytes = new TextEncoder().encode(`${line}\n`);
  try {
    for (let offset = 0; offset < bytes.length;) offset += stream.writeSync(bytes.subarray(offset));
  } catch {
    // The reader has gone.
  }
}
