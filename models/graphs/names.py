"""Names of a graph's input, outputs, constants and metadata, and ways to store its weights."""

PIXELS, FEATURES, LOGITS, MAPS = "pixels", "features", "logits", "maps"
MEAN, STD, ZERO, SIX = "normalisation.mean", "normalisation.std", "zero", "six"
GRAPH = "graph"  # in the metadata: how the graph was written
BATCHES = "batches"  # in GRAPH: how many batches each BatchNorm has seen, where that is not 0
OUTPUTS = "outputs"  # in GRAPH: how logits are read
SUFFIX = ".onnx"
FLOAT32, FLOAT16 = WEIGHTS = ("float32", "float16")
