"""ONNX graphs of this project as checkpoints: their weights and record, once the graph is found to agree with them."""

from dataclasses import replace
from pathlib import Path

from models.checkpoints.checkpoint import Checkpoint
from models.checkpoints.records import RECORD, read_record, recorded_graph
from models.checkpoints.weight_files import CheckpointError, read_content
from models.graphs.names import BATCHES, SUFFIX
from models.graphs.reading import GraphError, ReadGraph, counters, read_graph

FOREIGN = (
    "an ONNX file that this project did not write; save the state_dict() of the PyTorch model that it was exported from"
)


def is_graph(path: Path) -> bool:
    """Whether the file's ending is that of ONNX."""
    return path.suffix.lower() == SUFFIX


def read_graph_file(path: Path) -> ReadGraph:
    """Read what ``python -m models onnx`` wrote, not yet verified; it has all of the network's tensors, by torchvision's names.

    Raises:
        FileNotFoundError: there is no such file.
        CheckpointError: the file is another program's, damaged or too large; or onnx is not installed.
    """
    try:
        graph = read_graph(read_content(path))
        if RECORD not in graph.properties:
            raise CheckpointError(FOREIGN)
        _, _, metadata = read_record(graph.properties)
        seen = counters(graph.tensors, recorded_graph(metadata).get(BATCHES, 0))
        return replace(graph, tensors={**graph.tensors, **seen})
    except GraphError as error:
        raise CheckpointError(str(error)) from error
    except ModuleNotFoundError as error:
        raise CheckpointError(f"an ONNX file, which cannot be read here: {error}") from error


def require_own(graph: ReadGraph, checkpoint: Checkpoint) -> None:
    """Make the graph once more from what was read, and refuse it where any node differs.

    Raises:
        CheckpointError: the graph's nodes are not those of a network with its weights and record.
    """
    from models.graphs.graph import onnx_graph  # slow to import, and not installed everywhere

    try:
        again = onnx_graph(
            checkpoint.network(),
            checkpoint.run_scaling.input_size,
            normalisation=None if graph.normalised else checkpoint.normalisation,
            weights=graph.weights,
            outputs=graph.outputs,
        )
    except ValueError as error:
        raise CheckpointError(f"a graph that cannot be written again: {error}") from error
    again.metadata_props.extend(graph.proto.metadata_props)
    if again != graph.proto:
        raise CheckpointError(
            "a graph whose nodes are not those of a network with its weights and record; write it again with "
            "python -m models onnx, or bring the checkpoint that it was made of"
        )
