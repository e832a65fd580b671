"""What a graph's input, outputs, constants and metadata are called, and how its weights may be stored."""

PIXELS, FEATURES, LOGITS, MAPS = "pixels", "features", "logits", "maps"
MEAN, STD, ZERO, SIX = "normalisation.mean", "normalisation.std", "zero", "six"
GRAPH = "graph"  # in the metadata: how the graph was written
BATCHES = "batches"  # there: how many each BatchNorm has seen, where that is not 0
OUTPUTS = "outputs"  # there: how logits are read
SUFFIX = ".onnx"
FLOAT32, FLOAT16 = WEIGHTS = ("float32", "float16")
