/** Compresses what the broker retains. */

/** Maximum size of an unpacked text: any client can publish a gzip bomb. */
const MAX_BYTES = 64 * 1024 * 1024;

export async function gzip(text: string): Promise<Uint8Array> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** @throws Error if the payload is too large or not gzip */
export async function gunzip(payload: Uint8Array): Promise<string> {
  const stream = new Blob([new Uint8Array(payload)]).stream().pipeThrough(new DecompressionStream("gzip"));
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new Error(`more than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return await new Blob(chunks).text();
}
