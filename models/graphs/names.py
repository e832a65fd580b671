"""What a graph's input, outputs and metadata are called, and how its weights may be stored."""

PIXELS, FEATURES, LOGITS, MAPS = "pixels", "features", "logits", "maps"
GRAPH = "graph"  # in the metadata: how the graph was written
FLOAT32, FLOAT16 = WEIGHTS = ("float32", "float16")
