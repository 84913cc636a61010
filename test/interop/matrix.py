"""The matrix of codecs, data types and formats, written and checked with zarr-python.

    python test/interop/matrix.py write FOLDER
    python test/interop/matrix.py check THEIRS OURS

`write` makes one array for each combination in FOLDER, with expected.json: a list of {path, sha256}, the digest of the elements (as
`digest` makes it). `check` opens the same paths in OURS, which syncodec made from THEIRS (it read every array and wrote it anew, with the
same metadata), and compares elements, data type, fill value, chunks and codecs. It ends with `N passed, N failed`.
"""

import hashlib
import json
import sys
import warnings
from pathlib import Path

import numcodecs
import numpy as np
import zarr
from zarr.codecs import (
    BloscCodec,
    BytesCodec,
    CastValue,
    Crc32cCodec,
    GzipCodec,
    ScaleOffset,
    TransposeCodec,
    ZstdCodec,
)
from zarr.codecs import numcodecs as nc
from zarr.dtype import VariableLengthBytes

warnings.filterwarnings("ignore")

SHAPE = (7, 10)
CHUNKS = (4, 5)

NUMERIC = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"]
FLOATS = ["f2", "f4", "f8"]
FIXED = ["b1", *NUMERIC, "c8", "c16", "S5", "U4", "V3", "M8[ns]", "m8[10s]", "struct"]
VARIABLE = ["string", "bytes"]
STRUCT = np.dtype([("a", "<i2"), ("b", "<f8"), ("c", "S3")])


def values(dtype: str) -> np.ndarray:
    """Elements of every kind: extremes, fractions, empty strings; seeded by the data type."""
    rng = np.random.default_rng(sum(map(ord, dtype)))
    size = int(np.prod(SHAPE))
    words = ["", "a", "äö", "zarr", "x" * 4]
    if dtype == "string":
        data = np.array([words[i] * (i % 3 + 1) for i in rng.integers(0, len(words), size)], dtype=np.dtypes.StringDType())
    elif dtype == "bytes":
        data = np.empty(size, dtype=object)
        data[:] = [bytes(range(i)) for i in rng.integers(0, 6, size)]
    elif dtype == "struct":
        data = np.zeros(size, dtype=STRUCT)
        data["a"] = rng.integers(-(2**15), 2**15, size)
        data["b"] = rng.normal(size=size)
        data["c"] = [b"x" * int(i) for i in rng.integers(0, 4, size)]
    elif dtype.startswith("U"):
        data = np.array([words[i] for i in rng.integers(0, len(words), size)], dtype=dtype)
    elif dtype.startswith("S"):
        data = np.array([b"abc"[: int(i)] for i in rng.integers(0, 4, size)], dtype=dtype)
    elif dtype.startswith("V"):
        data = np.frombuffer(rng.bytes(3 * size), dtype=dtype)
    elif dtype[0] in "Mm":
        data = rng.integers(-(2**40), 2**40, size).astype("i8").view(dtype)
        data[3] = "NaT"
    elif dtype == "b1":
        data = rng.integers(0, 2, size).astype("b1")
    elif dtype[0] in "fc":
        data = np.round(np.cumsum(rng.normal(size=size)) * 4).astype(dtype) / 4
        data = data.astype(dtype)
    else:
        info = np.iinfo(dtype)
        data = (np.arange(size) // 3 % 50).astype(dtype)
        data[:2] = [info.min, info.max]
    return data.reshape(SHAPE)


def digest(array: zarr.Array) -> str:
    data = np.asarray(array[...])
    if data.dtype == object or data.dtype.kind == "T":
        items = [item.hex() if isinstance(item, bytes) else item for item in data.ravel().tolist()]
        content = json.dumps(items).encode()
    else:
        content = np.ascontiguousarray(data, dtype=data.dtype.newbyteorder("<")).tobytes()
    return hashlib.sha256(content).hexdigest()


# ---- Zarr v3: name -> (data types, keyword arguments of create_array) ------------------------------------------------------

BYTES_V3 = {
    "none": [],
    "gzip": [GzipCodec(level=5)],
    "zstd": [ZstdCodec(level=3, checksum=True)],
    "crc32c": [Crc32cCodec()],
    **{
        f"blosc {cname} {shuffle}": [BloscCodec(cname=cname, clevel=5, shuffle=shuffle)]
        for cname in ("lz4", "lz4hc", "blosclz", "zlib", "zstd")
        for shuffle in ("noshuffle", "shuffle", "bitshuffle")
    },
    "numcodecs zlib": [nc.Zlib(level=6)],
    "numcodecs gzip": [nc.GZip(level=6)],
    "numcodecs zstd": [nc.Zstd(level=6)],
    "numcodecs lz4": [nc.LZ4(acceleration=3)],
    "numcodecs blosc": [nc.Blosc(cname="lz4", clevel=5, shuffle=-1)],
    "numcodecs crc32": [nc.CRC32()],
    "numcodecs crc32 end": [nc.CRC32(location="end")],
    "numcodecs crc32c": [nc.CRC32C()],
    "numcodecs adler32": [nc.Adler32()],
    "numcodecs fletcher32": [nc.Fletcher32()],
    "numcodecs jenkins_lookup3": [nc.JenkinsLookup3()],
}


def itemsize(dtype: str) -> int:
    return 1 if dtype in VARIABLE else values(dtype).dtype.itemsize


def cases_v3() -> dict[str, tuple[str, dict]]:
    cases: dict[str, tuple[str, dict]] = {}

    def add(name: str, dtype: str, **options: object) -> None:
        cases[f"v3/{name}/{dtype.replace('[', '_').replace(']', '')}".replace(" ", "_")] = (dtype, options)

    for dtype in FIXED:
        for name, compressors in BYTES_V3.items():
            add(name, dtype, compressors=compressors)
        add("shuffle", dtype, compressors=[nc.Shuffle(elementsize=itemsize(dtype)), GzipCodec()])
        add("sharded", dtype, chunks=(2, 5), shards=CHUNKS, compressors=[ZstdCodec()])
        add("sharded big", dtype, chunks=(2, 5), shards=CHUNKS, compressors=[], serializer=BytesCodec(endian="big"))
        add("big", dtype, compressors=[], serializer=BytesCodec(endian="big"))
        add("transpose", dtype, filters=[TransposeCodec(order=(1, 0))], compressors=[])
    for dtype in VARIABLE:
        for name in ("none", "gzip", "zstd", "crc32c", "blosc zstd shuffle", "numcodecs lz4", "numcodecs adler32"):
            add(name, dtype, compressors=BYTES_V3[name])
        add("sharded", dtype, chunks=(2, 5), shards=CHUNKS, compressors=[ZstdCodec()])
    for dtype in NUMERIC:
        add("delta", dtype, filters=[nc.Delta(dtype=f"<{dtype}")], compressors=[])
    for dtype in FLOATS:
        add("fixedscaleoffset", dtype, filters=[nc.FixedScaleOffset(offset=-2, scale=4, dtype=f"<{dtype}", astype="<i2")], compressors=[])
        add("quantize", dtype, filters=[nc.Quantize(digits=1, dtype=f"<{dtype}")], compressors=[])
        add("bitround", dtype, filters=[nc.BitRound(keepbits=7)], compressors=[])
        add("scale_offset", dtype, filters=[ScaleOffset(offset=1.5, scale=2.0)], compressors=[])
    add("astype", "f8", filters=[nc.AsType(encode_dtype="<f4", decode_dtype="<f8")], compressors=[])
    add("packbits", "b1", filters=[nc.PackBits()], compressors=[])
    for source, target in (("f8", "float32"), ("f4", "int16"), ("i4", "int64"), ("u1", "float64")):
        add(f"cast_value {target}", source, filters=[CastValue(data_type=target)], serializer=BytesCodec(), compressors=[])
    return cases


# ---- Zarr v2 ---------------------------------------------------------------------------------------------------------------

COMPRESSORS_V2 = {
    "none": None,
    "zlib": numcodecs.Zlib(level=1),
    "gzip": numcodecs.GZip(level=5),
    "zstd": numcodecs.Zstd(level=3),
    "lz4": numcodecs.LZ4(),
    **{
        f"blosc {cname} {shuffle}": numcodecs.Blosc(cname=cname, clevel=5, shuffle=shuffle)
        for cname in ("lz4", "lz4hc", "blosclz", "zlib", "zstd")
        for shuffle in (0, 1, 2, -1)
    },
}


def cases_v2() -> dict[str, tuple[str, dict]]:
    cases: dict[str, tuple[str, dict]] = {}

    def add(name: str, dtype: str, **options: object) -> None:
        cases[f"v2/{name}/{dtype.replace('[', '_').replace(']', '')}".replace(" ", "_")] = (dtype, options)

    for dtype in FIXED:
        for name, compressor in COMPRESSORS_V2.items():
            add(name, dtype, compressors=compressor)
        add("F", dtype, compressors=None, order="F")
        add("slash", dtype, compressors=None, chunk_key_encoding={"name": "v2", "separator": "/"})
        add("null fill", dtype, compressors=None, fill_value=None)
        if dtype not in ("b1", "i1", "u1", "V3") and not dtype.startswith("S"):
            add("big", dtype, compressors=numcodecs.Zstd(), is_big=True)
        add("shuffle", dtype, filters=[numcodecs.Shuffle(elementsize=itemsize(dtype))], compressors=numcodecs.Zlib())
        for codec in (numcodecs.CRC32(), numcodecs.Adler32(), numcodecs.Fletcher32()):
            add(codec.codec_id, dtype, filters=[codec], compressors=None)
    for dtype in VARIABLE:
        for name in ("none", "zstd", "lz4", "blosc lz4 1"):
            add(name, dtype, compressors=COMPRESSORS_V2[name])
        add("F", dtype, compressors=None, order="F")
    for dtype in NUMERIC:
        add("delta", dtype, filters=[numcodecs.Delta(dtype=f"<{dtype}")], compressors=numcodecs.Zlib())
    for dtype in FLOATS:
        add("fixedscaleoffset", dtype, filters=[numcodecs.FixedScaleOffset(offset=-2, scale=4, dtype=f"<{dtype}", astype="<i2")], compressors=None)
        add("quantize", dtype, filters=[numcodecs.Quantize(digits=1, dtype=f"<{dtype}")], compressors=None)
        add("bitround", dtype, filters=[numcodecs.BitRound(keepbits=7)], compressors=None)
    add("astype", "f8", filters=[numcodecs.AsType(encode_dtype="<f4", decode_dtype="<f8")], compressors=None)
    add("packbits", "b1", filters=[numcodecs.PackBits()], compressors=None)
    return cases


def write_array(folder: Path, path: str, dtype: str, options: dict) -> zarr.Array:
    zarr_format = int(path[1])
    data = values(dtype)
    kind: object = {"string": str, "bytes": VariableLengthBytes(), "struct": STRUCT}.get(dtype, data.dtype)
    is_big = options.pop("is_big", False)
    if is_big:
        kind = data.dtype.newbyteorder(">")
    array = zarr.create_array(
        store=str(folder), name=path, shape=SHAPE, dtype=kind, zarr_format=zarr_format, **{"chunks": CHUNKS, **options}
    )
    array[...] = data
    return array


def write(folder: Path) -> int:
    entries = []
    refused = 0
    for path, (dtype, options) in {**cases_v3(), **cases_v2()}.items():
        try:
            array = write_array(folder, path, dtype, options)
            entries.append({"path": path, "sha256": digest(array)})
        except Exception as error:  # a combination that zarr-python does not have is no case
            refused += 1
            print(f"not written by zarr-python: {path}: {type(error).__name__}: {str(error)[:120]}")
    (folder / "expected.json").write_text(json.dumps(entries))
    print(f"{len(entries)} arrays written, {refused} combinations refused by zarr-python")
    return 0


def summary(array: zarr.Array) -> list:
    """What the copy must have in common with its source; configurations may name defaults that the source leaves out."""
    codecs = [*array.filters, *array.compressors]
    if array.metadata.zarr_format == 3:
        codecs.append(array.serializer)
    names = [type(codec).__name__ for codec in codecs]
    fill = array.metadata.fill_value
    value = fill.item() if isinstance(fill, np.generic) else fill
    # The byte order of each field of a struct belongs to the document that says it.
    dtype = array.dtype if array.dtype.fields is None else array.dtype.newbyteorder("=")
    return [dtype, array.shape, array.chunks, array.shards, array.order, repr(value), names]


def check(theirs: Path, ours: Path) -> int:
    passed = failed = 0
    for entry in json.loads((theirs / "expected.json").read_text()):
        path = entry["path"]
        try:
            source, copy = (
                zarr.open_array(str(folder / path), mode="r", zarr_format=int(path[1])) for folder in (theirs, ours)
            )
            if digest(copy) != entry["sha256"]:
                raise AssertionError("other elements")
            if summary(source) != summary(copy):
                raise AssertionError(f"other metadata: {summary(source)} became {summary(copy)}")
            passed += 1
        except Exception as error:  # whatever zarr-python raises is a failure of this array
            failed += 1
            print(f"{path}: {type(error).__name__}: {str(error)[:300]}")
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    if sys.argv[1] == "write":
        sys.exit(write(Path(sys.argv[2])))
    sys.exit(check(Path(sys.argv[2]), Path(sys.argv[3])))
