"""The peers in Python: answers each line of JSON on stdin, which describes a case, with one line of results.

The first line on stdout says which versions there are, and why a peer is missing. A case names a directory with the array as syncodec wrote
it, files with its elements and with what the selection must give, and the peers to time. Every peer's result is verified before it is timed.
"""

import json
import math
import os
import shutil
import statistics
import sys
import time
import warnings

import numpy

warnings.simplefilter("ignore")

LATENCY_SECONDS = 0.01
PIPELINES = {
    "zarr-python batched": "zarr.core.codec_pipeline.BatchedCodecPipeline",
    "zarr-python fused": "zarr.core.codec_pipeline.FusedCodecPipeline",
    "zarrs": "zarrs.ZarrsCodecPipeline",
}


def load():
    """Versions and missing peers by name."""
    versions, missing = {"python": sys.version.split()[0], "numpy": numpy.__version__}, {}
    global zarr, tensorstore
    try:
        import zarr

        versions["zarr-python"] = zarr.__version__
        if not hasattr(zarr.core.codec_pipeline, "FusedCodecPipeline"):
            missing["zarr-python fused"] = f"zarr-python {zarr.__version__} has no fused pipeline"
    except ImportError as error:
        for name in PIPELINES:
            missing[name] = f"not installed: {error}"
    try:
        import zarrs

        versions["zarrs"] = zarrs.__version__
    except ImportError as error:
        missing["zarrs"] = f"not installed: {error}"
    try:
        import tensorstore

        from importlib.metadata import version

        versions["tensorstore"] = version("tensorstore")
    except ImportError as error:
        missing["tensorstore"] = f"not installed: {error}"
    return versions, missing


def files_of(path):
    """Every file below a directory, by its key."""
    found = {}
    for folder, _, names in os.walk(path):
        for name in names:
            file = os.path.join(folder, name)
            with open(file, "rb") as source:
                found[os.path.relpath(file, path)] = source.read()
    return found


def python_selection(selection):
    """As numpy takes it."""
    if selection is None:
        return ...
    return tuple(slice(None) if part is None else slice(*part) if isinstance(part, list) else part for part in selection)


def chunk_selections(shape, chunk_shape):
    grid = [math.ceil(length / chunk) for length, chunk in zip(shape, chunk_shape)]
    for position in numpy.ndindex(*grid):
        yield tuple(
            slice(i * chunk, min((i + 1) * chunk, length)) for i, chunk, length in zip(position, chunk_shape, shape)
        )


class ZarrPython:
    """An array opened by zarr-python, with one of its pipelines."""

    def __init__(self, name, case):
        self.settings = {
            "codec_pipeline.path": PIPELINES[name],
            "threading.max_workers": case.get("threads"),
            "codec_pipeline.max_workers": case.get("threads"),
            "codec_pipeline.strict": True,
            "array.write_empty_chunks": True,
        }
        if name == "zarrs" and case["store"] != "local":
            raise RuntimeError("zarrs reads no stores in memory")
        self.case = case

    def activate(self):
        zarr.config.set(self.settings)

    def store(self, path):
        if self.case["store"] == "local":
            return zarr.storage.LocalStore(path)
        cpu = zarr.core.buffer.cpu.Buffer
        store = zarr.storage.MemoryStore({key: cpu.from_bytes(value) for key, value in files_of(path).items()})
        if self.case["store"] == "memory":
            return store
        from zarr.testing.store import LatencyStore

        return LatencyStore(store, get_latency=LATENCY_SECONDS)

    def open(self, path):
        self.activate()
        self.array = zarr.open_array(self.store(path), mode="r+")

    def reopen(self):
        self.activate()
        self.array = zarr.open_array(self.array.store_path, mode="r+")

    def read(self, selection):
        return numpy.asarray(self.array[selection])

    def write(self, selection, value):
        self.array[selection] = value


class TensorStore:
    """An array opened by tensorstore."""

    def __init__(self, _name, case):
        if case["store"] == "latency":
            raise RuntimeError("tensorstore has no store with latency")
        threads = case.get("threads")
        limit = {"limit": threads} if threads else {"limit": "shared"}
        self.context = {"data_copy_concurrency": limit, "file_io_concurrency": limit}
        self.case = case

    def activate(self):
        pass

    def open(self, path):
        context = tensorstore.Context(self.context)
        if self.case["store"] == "local":
            self.spec = {"driver": "zarr3", "kvstore": {"driver": "file", "path": path}}
        else:
            self.spec = {"driver": "zarr3", "kvstore": {"driver": "memory"}}
        self.spec["store_data_equal_to_fill_value"] = True
        if self.case["store"] == "memory":
            store = tensorstore.KvStore.open(self.spec["kvstore"], context=context).result()
            for key, value in files_of(path).items():
                store[key] = value
        self.context_object = context
        self.reopen()

    def reopen(self):
        self.array = tensorstore.open(self.spec, context=self.context_object, open=True).result()

    def read(self, selection):
        return numpy.asarray(self.array[selection].read().result())

    def write(self, selection, value):
        self.array[selection].write(value).result()


def engine_for(name, case):
    return (TensorStore if name == "tensorstore" else ZarrPython)(name, case)


class Contestant:
    """One peer, ready to run a case: `run` is timed, `before` is not."""

    def __init__(self, name, case, data, expected):
        self.name = name
        self.case = case
        self.data = data
        self.expected = expected
        self.engine = engine_for(name, case)
        self.selection = python_selection(case["selection"])
        self.number = 0
        operation = case["operation"]
        self.run = getattr(self, operation)
        self.is_renewed = operation == "roundTrip" or (operation == "write" and case["names"] == "new")
        self.has_before = self.is_renewed or case["index"] in ("cold", "fresh")
        self.value = case.get("value", expected) if operation == "write" else None
        self.target_path = case["path"]
        if operation == "write":
            self.target_path = self.fresh_copy()
        self.engine.open(self.target_path)
        if operation == "roundTrip":
            self.target = None

    def fresh_copy(self, metadata_only=False):
        """A new directory with what the case's directory holds."""
        self.number += 1
        path = os.path.join(self.case["folder"], f"{self.name} {self.number}".replace(" ", "-"))
        if metadata_only:
            os.mkdir(path)
            shutil.copy(os.path.join(self.case["path"], "zarr.json"), path)
        else:
            shutil.copytree(self.case["path"], path)
        return path

    def before(self):
        self.engine.activate()
        if self.case["operation"] == "roundTrip":
            if self.target is not None:
                shutil.rmtree(self.target_path)
            self.target_path = self.fresh_copy(metadata_only=True)
            self.target = engine_for(self.name, self.case)
            self.target.open(self.target_path)
        elif self.is_renewed:
            shutil.rmtree(self.target_path)
            self.target_path = self.fresh_copy()
            self.engine.open(self.target_path)
        elif self.has_before:
            self.engine.reopen()

    def read(self):
        return self.engine.read(self.selection)

    def readChunks(self):
        for selection in chunk_selections(self.case["array"]["shape"], self.case["array"]["chunkShape"]):
            self.engine.read(selection)

    def write(self):
        self.engine.write(self.selection, self.value)

    def roundTrip(self):
        self.target.write(..., self.engine.read(...))

    def verify(self):
        self.before()
        start = time.perf_counter()
        result = self.run()
        self.verified_seconds = time.perf_counter() - start
        operation = self.case["operation"]
        if operation == "readChunks":
            for selection in chunk_selections(self.case["array"]["shape"], self.case["array"]["chunkShape"]):
                assert numpy.array_equal(self.engine.read(selection), self.data[selection]), "wrong elements"
            return
        if operation == "write":
            result = self.engine.read(self.selection)
        elif operation == "roundTrip":
            result = self.target.read(...)
        assert result.tobytes() == self.expected.tobytes(), "wrong elements"


def measure(contestants, effort):
    """Medians by turns, as the JavaScript side does it."""
    entries = []
    for contestant in contestants:
        # The verified call was the first one.
        spent = fastest = contestant.verified_seconds
        while spent * 1000 < effort["warmUpMilliseconds"]:
            contestant.before()
            start = time.perf_counter()
            contestant.run()
            took = time.perf_counter() - start
            spent += took
            fastest = min(fastest, took)
        calls = 1
        if not contestant.has_before:
            calls = max(1, math.ceil(effort["batchMilliseconds"] / 1000 / fastest))
        entries.append((contestant, calls, []))
    started = time.perf_counter()
    for turn in range(effort["repetitions"]):
        if turn >= effort["minimum"] and time.perf_counter() - started > effort["seconds"]:
            break
        for contestant, calls, times in entries:
            contestant.before()
            start = time.perf_counter()
            for _ in range(calls):
                contestant.run()
            times.append((time.perf_counter() - start) / calls)
    return [
        {"name": contestant.name, "milliseconds": statistics.median(times) * 1000, "count": len(times)}
        for contestant, _, times in entries
    ]


def answer(case):
    array = case["array"]
    data = numpy.fromfile(case["data"], array["dataType"]).reshape(array["shape"])
    expected = numpy.fromfile(case["expected"], array["dataType"])
    selection = python_selection(case["selection"])
    expected = expected.reshape(data[selection].shape)
    contestants, missing = [], []
    for name in case["peers"]:
        try:
            contestant = Contestant(name, case, data, expected)
            contestant.verify()
            contestants.append(contestant)
        except Exception as error:  # whatever a peer throws is its reason
            lines = str(error).splitlines() or [type(error).__name__]
            missing.append({"name": name, "reason": f"failed: {lines[0][:120]}"})
    return {"results": measure(contestants, case["effort"]), "missing": missing}


def main():
    versions, missing = load()
    # What a library prints must not get between the answers.
    output = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def send(document):
        output.write(json.dumps(document) + "\n")
        output.flush()

    send({"versions": versions, "missing": missing})
    for line in sys.stdin:
        send(answer(json.loads(line)))


if __name__ == "__main__":
    main()
