"""Checks with zarr-python what syncodec wrote.

    python test/interop/verify.py FOLDER...

Each FOLDER holds Zarr nodes and expected.json, a list of
  {path, dataType, shape, sha256, fillValue?, attributes?, dimensionNames?}   an array; sha256 of its elements, C order, little-endian
  {path, ..., index: {location, size, shards: {key: hex}}}                    an array whose shards must have these indexes, byte for byte
  {path, zarrFormat: 2, dtype, shape, lines, fill?, keys?}                    an array of Zarr v2; its elements as lines of `syncodec dump`, its
                                                                              fill value in .zarray, and the keys of its chunks
  {path, kind: "group", attributes, zarrFormat?, members?}                    a group; the attributes of all that its consolidated metadata has
with paths relative to FOLDER and fill values as in zarr.json. One line per failed node, then `N passed, N failed`.
The exit status is 1 if anything failed or nothing was checked.
"""

import hashlib
import json
import sys
import warnings
from pathlib import Path

import numpy as np
import zarr

sys.path.append(str(Path(__file__).parent.parent / "fixtures"))

import manifest

zarr.config.set({"array.rectilinear_chunks": True})
warnings.filterwarnings("ignore", message="Combining a `sharding_indexed` codec disables partial reads")


def compare(what: str, expected: object, found: object) -> None:
    if expected != found:
        raise AssertionError(f"{what}: expected {expected!r}, found {found!r}")


def check_array(node: zarr.Array, entry: dict) -> None:
    compare("shape", tuple(entry["shape"]), node.shape)
    compare("data type", entry["dataType"], node.dtype.name)
    if "fillValue" in entry:
        fill = node.metadata.data_type.from_json_scalar(entry["fillValue"], zarr_format=3)
        compare("fill value", fill.tobytes().hex(), node.metadata.fill_value.tobytes().hex())
    if "dimensionNames" in entry:
        compare("dimension names", entry["dimensionNames"], list(node.metadata.dimension_names or []))
    values = np.asarray(node[...])
    compare("shape of the values", node.shape, values.shape)
    data = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<")).tobytes()
    compare("sha256 of the values", entry["sha256"], hashlib.sha256(data).hexdigest())


def check_array_v2(node: zarr.Array, directory: Path, entry: dict) -> None:
    compare("shape", tuple(entry["shape"]), node.shape)
    compare("dtype", entry["dtype"], node.metadata.to_dict()["dtype"])
    if "fill" in entry:
        compare("fill value", entry["fill"], node.fill_value)
    compare("elements", entry["lines"], manifest.text_lines(np.asarray(node[...])))
    if "keys" in entry:
        compare("keys", entry["keys"], sorted(path.name for path in directory.iterdir() if path.name[0] != "."))


def attributes_text(attributes: dict) -> str:
    """As text an integer that turned into a double, and 1 that turned into true, are found. expected.json has "NaN" for NaN."""
    return json.dumps(attributes, sort_keys=True).replace(": NaN", ': "NaN"')


def check_members(group: zarr.Group, expected: dict) -> None:
    """From the consolidated metadata, however the members themselves are stored."""
    found = {name: node.attrs.asdict() for name, node in group.members(max_depth=None)}
    compare("members", attributes_text(expected), attributes_text(found))


def check_indexes(array: Path, location: str, size: int, shards: dict) -> None:
    for key, expected in shards.items():
        value = (array / key).read_bytes()
        compare(f"index of {key}", expected, (value[:size] if location == "start" else value[-size:]).hex())


def check(folder: Path, entry: dict) -> None:
    zarr_format = entry.get("zarrFormat", 3)
    node = zarr.open(folder / entry["path"], mode="r", zarr_format=zarr_format)
    is_group = entry.get("kind") == "group"
    compare("kind of node", "group" if is_group else "array", "group" if isinstance(node, zarr.Group) else "array")
    if "members" in entry:
        check_members(zarr.open_consolidated(folder / entry["path"], mode="r", zarr_format=zarr_format), entry["members"])
    if not is_group and zarr_format == 2:
        check_array_v2(node, folder / entry["path"], entry)
    elif not is_group:
        check_array(node, entry)
    if "index" in entry:
        check_indexes(folder / entry["path"], **entry["index"])
    if "attributes" in entry:
        compare("attributes", *map(attributes_text, (entry["attributes"], node.attrs.asdict())))


def main() -> int:
    entries = [
        (Path(folder), entry)
        for folder in sys.argv[1:]
        for entry in json.loads((Path(folder) / "expected.json").read_text(encoding="utf-8"))
    ]
    passed = failed = 0
    for folder, entry in entries:
        try:
            check(folder, entry)
            passed += 1
        except Exception as error:  # whatever zarr-python raises is a failure of this node
            failed += 1
            print(f"{entry['path']}: {type(error).__name__}: {error}")
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
