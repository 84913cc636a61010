/** The obvious version of assembly/inflate.ts: one bit at a time, codes compared with each symbol's (RFC 1951, section 3.2). */

const lengthBases = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
];
const lengthExtras = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const distanceBases = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
  8193, 12289, 16385, 24577,
];
const lengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** Symbols by the digits of their codes. */
type Code = ReadonlyMap<string, number>;

class BadStream extends Error {}

function check(condition: boolean): void {
  if (!condition) throw new BadStream();
}

/** `mayBeSingle`: a code of one symbol may leave half of its codes unused, and a code of none all. */
function codeOf(lengths: readonly number[], mayBeSingle: boolean): Code {
  const code = new Map<string, number>();
  let next = 0;
  let used = 0;
  for (let length = 1; length <= 15; length++) {
    next *= 2;
    for (const [symbol, own] of lengths.entries()) {
      if (own !== length) continue;
      check(next < 2 ** length);
      code.set(next.toString(2).padStart(length, "0"), symbol);
      next++;
      used += 2 ** -length;
    }
  }
  const isSingle = code.size === 0 || (code.size === 1 && code.has("0"));
  check(used === 1 || (mayBeSingle && isSingle));
  return code;
}

/** The stream at the beginning of `data` and its length, or `undefined` if it is bad or cut short. */
export function inflate(data: Uint8Array): { readonly decoded: Uint8Array; readonly end: number } | undefined {
  let position = 0;
  const decoded: number[] = [];
  const bit = (): number => {
    check(position < data.length * 8);
    const value = (data[position >> 3]! >> (position & 7)) & 1;
    position++;
    return value;
  };
  const take = (count: number): number => {
    let value = 0;
    for (let i = 0; i < count; i++) value |= bit() << i;
    return value;
  };
  const symbolOf = (code: Code): number => {
    for (let digits = ""; digits.length < 15; ) {
      digits += bit();
      const symbol = code.get(digits);
      if (symbol !== undefined) return symbol;
    }
    throw new BadStream();
  };
  const stored = (): void => {
    position = (position + 7) & ~7;
    const length = take(16);
    check(take(16) === (length ^ 0xffff));
    for (let i = 0; i < length; i++) decoded.push(take(8));
  };
  const dynamicCodes = (): [Code, Code] => {
    const [literalCount, distanceCount, orderCount] = [take(5) + 257, take(5) + 1, take(4) + 4];
    check(literalCount <= 286 && distanceCount <= 30);
    const order = Array<number>(19).fill(0);
    for (const symbol of lengthOrder.slice(0, orderCount)) order[symbol] = take(3);
    const code = codeOf(order, false);
    const lengths: number[] = [];
    while (lengths.length < literalCount + distanceCount) {
      const symbol = symbolOf(code);
      if (symbol < 16) {
        lengths.push(symbol);
        continue;
      }
      check(symbol !== 16 || lengths.length > 0);
      const value = symbol === 16 ? lengths.at(-1)! : 0;
      const count = symbol === 16 ? 3 + take(2) : symbol === 17 ? 3 + take(3) : 11 + take(7);
      lengths.push(...Array<number>(count).fill(value));
    }
    check(lengths.length === literalCount + distanceCount && lengths[256] !== 0);
    return [codeOf(lengths.slice(0, literalCount), true), codeOf(lengths.slice(literalCount), true)];
  };
  const fixedCodes = (): [Code, Code] => {
    const literals = Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8));
    return [codeOf(literals, false), codeOf(Array<number>(32).fill(5), false)];
  };
  const compressed = ([literals, distances]: [Code, Code]): void => {
    for (let symbol = symbolOf(literals); symbol !== 256; symbol = symbolOf(literals)) {
      if (symbol < 256) {
        decoded.push(symbol);
        continue;
      }
      check(symbol < 286);
      const length = lengthBases[symbol - 257]! + take(lengthExtras[symbol - 257]!);
      const distanceSymbol = symbolOf(distances);
      check(distanceSymbol < 30);
      const distance = distanceBases[distanceSymbol]! + take(Math.max(0, (distanceSymbol >> 1) - 1));
      check(distance <= decoded.length);
      for (let i = 0; i < length; i++) decoded.push(decoded.at(-distance)!);
    }
  };
  try {
    for (let isLast = false; !isLast; ) {
      isLast = bit() === 1;
      const type = take(2);
      check(type !== 3);
      if (type === 0) stored();
      else compressed(type === 1 ? fixedCodes() : dynamicCodes());
    }
    return { decoded: Uint8Array.from(decoded), end: (position + 7) >> 3 };
  } catch (error) {
    if (error instanceof BadStream) return undefined;
    throw error;
  }
}
