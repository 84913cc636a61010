/** A `Map` with ranges: zarrita reads shards only from stores that have them. */
export class RangeMap extends Map {
  getRange(key, range) {
    const value = this.get(key);
    if (value === undefined) return undefined;
    return "suffixLength" in range
      ? value.subarray(-range.suffixLength)
      : value.subarray(range.offset, range.offset + range.length);
  }
}
