"""Writes shards with zarr-python, in every order of inner chunks that it offers, for syncodec to patch.

    python test/interop/shards.py FOLDER

The elements of each array count from 1. shards.json in FOLDER lists the arrays:
  {path, dataType, shape, location, size, order}   index location, bytes of the encoded index, order of the inner chunks
"""

import itertools
import json
import math
import sys
from pathlib import Path

import numpy as np
import zarr
from zarr.codecs import BytesCodec, Crc32cCodec, ShardingCodec

ORDERS = ["morton", "lexicographic", "colexicographic", "unordered"]
CHAINS = {
    "little": ("int32", [BytesCodec(endian="little")]),
    "crc32c": ("uint16", [BytesCodec(endian="little"), Crc32cCodec()]),
    "big": ("float64", [BytesCodec(endian="big")]),
    "big-crc32c": ("int64", [BytesCodec(endian="big"), Crc32cCodec()]),
}
SHAPE, SHARD, INNER = (21, 13, 6), (12, 8, 6), (3, 2, 2)


def main() -> None:
    folder = Path(sys.argv[1])
    root = zarr.open_group(folder, mode="w", zarr_format=3)
    listing = []
    for order, location, (name, (data_type, codecs)) in itertools.product(ORDERS, ["start", "end"], CHAINS.items()):
        path = f"{order}-{location}-{name}"
        sharding = ShardingCodec(
            chunk_shape=INNER, codecs=codecs, index_location=location, subchunk_write_order=order
        )
        array = root.create_array(
            path, shape=SHAPE, chunks=SHARD, dtype=data_type, serializer=sharding, compressors=None, fill_value=0
        )
        array[...] = np.arange(1, math.prod(SHAPE) + 1, dtype=data_type).reshape(SHAPE)
        chunks = math.prod(shard // inner for shard, inner in zip(SHARD, INNER, strict=True))
        entry = {"dataType": data_type, "shape": SHAPE, "location": location, "size": chunks * 16 + 4, "order": order}
        listing.append({"path": path, **entry})
    (folder / "shards.json").write_text(json.dumps(listing), encoding="utf-8")
    print(f"{len(listing)} arrays of shards written by zarr-python")


if __name__ == "__main__":
    main()
