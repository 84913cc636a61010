"""The same single elements by zarr-python, in memory. Prints one line of JSON: microseconds by case, for its two pipelines.

Run by partial_access.mjs where the interop test's virtual environment exists.
"""

import json
import statistics
import sys
import time

import numpy
import zarr

cases = json.load(sys.stdin)
times = {}
for pipeline in ("BatchedCodecPipeline", "FusedCodecPipeline"):
    try:
        zarr.config.set({"codec_pipeline.path": f"zarr.core.codec_pipeline.{pipeline}"})
        for name, layout in cases:
            options = {"chunks": layout["chunkShape"], "shards": layout.get("shardShape"), "compressors": None}
            array = zarr.create_array({}, shape=layout["shape"], dtype="uint8", **options)
            array[...] = numpy.arange(numpy.prod(layout["shape"]), dtype="uint8").reshape(layout["shape"])
            array = zarr.open_array(array.store)
            samples = []
            for _ in range(101):
                start = time.perf_counter()
                array[0, 0, 0]
                samples.append(time.perf_counter() - start)
            times.setdefault(name, {})[pipeline] = statistics.median(samples) * 1e6
    except Exception as error:  # an unknown pipeline is left out of the table
        print(f"{pipeline}: {error}", file=sys.stderr)
print(json.dumps(times))
