/** What one write adds to the numbers of the present hour, as bytes. Pure. */

export interface Sample {
  readonly series: number;
  /** Epoch seconds. */
  readonly time: number;
  readonly value: number;
}

const BYTES = 12;

/** @param samples of one hour @param hour when it begins */
export function packSamples(samples: readonly Sample[], hour: number): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(samples.length * BYTES));
  samples.forEach(({ series, time, value }, index) => {
    bytes.setUint32(index * BYTES, series, true);
    bytes.setFloat32(index * BYTES + 4, time - hour, true);
    bytes.setFloat32(index * BYTES + 8, value, true);
  });
  return new Uint8Array(bytes.buffer);
}

export function unpackSamples(packed: Uint8Array, hour: number): Sample[] {
  const bytes = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  return Array.from({ length: Math.floor(packed.byteLength / BYTES) }, (_, index) => ({
    series: bytes.getUint32(index * BYTES, true),
    time: hour + bytes.getFloat32(index * BYTES + 4, true),
    value: bytes.getFloat32(index * BYTES + 8, true),
  }));
}
