/** The kernels of filters, and of checksums that only they use. */
export { deltaDecode, deltaEncode } from "../delta";
export { fletcher32 } from "../fletcher32";
export { heapBase } from "../heap_base";
export { jenkinsLookup3 } from "../jenkins_lookup3";
export { packBits, unpackBits } from "../pack_bits";
export { roundFloats, roundIntegers } from "../round_bits";
