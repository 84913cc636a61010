/**
 * Bob Jenkins' lookup3 (`hashlittle`): the checksum of HDF5's metadata and of the `jenkins_lookup3` codec.
 *
 * https://www.burtleburtle.net/bob/c/lookup3.c
 *
 * Twelve bytes, as three words, are mixed at a time, each step with what the one before made: nothing for v128. 2.4 GB/s from 4 KB up.
 */

/** Lookup3 of `src`, with `initial` in its state at first. */
export function jenkinsLookup3(src: usize, srcLength: usize, initial: u32): u32 {
  let a: u32 = 0xdeadbeef + <u32>srcLength + initial;
  let b = a;
  let c = a;
  if (srcLength == 0) return c;
  // The last block, of 1 to 12 bytes, is finished differently.
  for (; srcLength > 12; srcLength -= 12, src += 12) {
    a += load<u32>(src);
    b += load<u32>(src, 4);
    c += load<u32>(src, 8);
    a = (a - c) ^ rotl<u32>(c, 4);
    c += b;
    b = (b - a) ^ rotl<u32>(a, 6);
    a += c;
    c = (c - b) ^ rotl<u32>(b, 8);
    b += a;
    a = (a - c) ^ rotl<u32>(c, 16);
    c += b;
    b = (b - a) ^ rotl<u32>(a, 19);
    a += c;
    c = (c - b) ^ rotl<u32>(b, 4);
    b += a;
  }
  for (let i: usize = 0; i < srcLength; i++) {
    const byte = (<u32>load<u8>(src + i)) << ((<u32>i & 3) << 3);
    if (i < 4) a += byte;
    else if (i < 8) b += byte;
    else c += byte;
  }
  c = (c ^ b) - rotl<u32>(b, 14);
  a = (a ^ c) - rotl<u32>(c, 11);
  b = (b ^ a) - rotl<u32>(a, 25);
  c = (c ^ b) - rotl<u32>(b, 16);
  a = (a ^ c) - rotl<u32>(c, 4);
  b = (b ^ a) - rotl<u32>(a, 14);
  c = (c ^ b) - rotl<u32>(b, 24);
  return c;
}
