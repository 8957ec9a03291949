// The adler32 of a file as Rucio writes it, read piece by piece: the memory stays flat.
const MODULUS = 65521;
// So many bytes may be added before a sum leaves the small integers of the machine.
const RUN = 3800;
const PIECE = 4 * 2 ** 20;

export async function adler32(file, { signal, progress } = {}) {
  let low = 1;
  let high = 0;
  for (let start = 0; start < file.size; start += PIECE) {
    signal?.throwIfAborted();
    const bytes = new Uint8Array(await file.slice(start, start + PIECE).arrayBuffer());
    for (let at = 0; at < bytes.length;) {
      const end = Math.min(at + RUN, bytes.length);
      for (; at < end; at += 1) {
        low += bytes[at];
        high += low;
      }
      low %= MODULUS;
      high %= MODULUS;
    }
    progress?.(Math.min(start + PIECE, file.size));
  }
  return (high * 65536 + low).toString(16).padStart(8, "0");
}
