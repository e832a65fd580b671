"""python -m models onnx: networks as ONNX graphs, one file each, checked against PyTorch before they are written."""

import argparse
from collections.abc import Mapping
from pathlib import Path

from PIL import Image
from torch import nn

from models.checkpoints.label_sets import LABEL_SETS
from models.checkpoints.records import RECORD, written_record
from models.command_inputs import NETWORK, chosen
from models.commands import DONE, SOME_FAILED, say
from models.files import atomic_write
from models.graph_agreement import agreement, rounded
from models.graphs.names import BATCHES, FLOAT32, GRAPH, OUTPUTS, WEIGHTS
from models.graphs.reading import COUNTER
from models.graphs.session import require_installed
from models.home import SAMPLES
from models.images import open_image
from models.input_check import photographs_of
from models.network import Network
from models.placement import NOMINAL, PLACEMENT
from models.studies import Study, StudyError


def add_onnx_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``python -m models onnx``."""
    parser.add_argument(
        "networks", metavar="CHECKPOINT|STUDY[:KEY]", help="a file, a study's variant, or a whole study"
    )
    parser.add_argument("--out", required=True, metavar="FOLDER", help="one KEY.onnx for each network")
    parser.add_argument(
        "--weights",
        choices=WEIGHTS,
        default=FLOAT32,
        help="type in which weights are stored; float16 halves the file (default: float32)",
    )
    parser.add_argument(
        "--normalised", action="store_true", help="the graph takes normalised pixels (default: RGB between 0 and 1)"
    )
    parser.add_argument(
        "--photographs", metavar="FOLDER", help="photographs to check the graphs on (default: the sample photographs)"
    )


def run_onnx(arguments: argparse.Namespace) -> int:
    """onnx STUDY|STUDY:KEY|CHECKPOINT --out FOLDER [--weights float16] [--normalised]"""
    require_installed()
    study, keys = chosen(arguments.networks)
    photographs = [open_image(path) for path in photographs_of(Path(arguments.photographs or SAMPLES))]
    folder = Path(arguments.out)
    folder.mkdir(parents=True, exist_ok=True)
    failed = False
    for key in keys:
        try:
            network = study.load(key, "cpu")
        except StudyError as error:  # the other variants are still written
            say(str(error))
            failed = True
            continue
        name = Path(arguments.networks).stem if key == NETWORK else key
        print(
            written(
                folder / f"{name}.onnx", network, _known(study, key, len(network.categories)), photographs, arguments
            ),
            flush=True,
        )
    return SOME_FAILED if failed else DONE


def written(
    path: Path, network: Network, known: Mapping, photographs: list[Image.Image], arguments: argparse.Namespace
) -> str:
    """Check that one network's graph computes what the network computes, then write it.

    Returns:
        A line that says what was written.

    Raises:
        ValueError: the graph computes something else; no file is written.
    """
    from models.graphs.graph import onnx_graph  # slow to import, and not installed everywhere

    weights, normalised = arguments.weights, arguments.normalised
    made = onnx_graph(
        network.model,
        network.scaling.input_size,
        normalisation=None if normalised else network.normalisation,
        weights=weights,
        properties={RECORD: graph_record(network, known, weights, normalised)},
    )
    graph = made.SerializeToString(deterministic=True)
    found = agreement(graph, network, photographs, normalised=normalised, weights=weights)
    if not found.holds:
        raise ValueError(f"{path.name} was not written: its graph does not compute what PyTorch does ({found})")
    with atomic_write(path) as file:
        file.write(graph)
    words = f"{path}  {len(graph) / 1e6:.1f} MB, {found}"
    if _same(network, weights):
        return words
    return f"{words}; against float32 weights: {agreement(graph, network, photographs, normalised=normalised)}"


def _same(network: Network, weights: str) -> bool:
    """Whether storing the weights in this type loses nothing."""
    stored = rounded(network.model, weights).state_dict()
    return all(bool((tensor == stored[name]).all()) for name, tensor in network.model.state_dict().items())


def graph_record(network: Network, known: Mapping, weights: str, normalised: bool) -> str:
    """The record that a graph carries: its checkpoint's record, and what only the graph has.

    Args:
        network: the graph's network.
        known: metadata of the checkpoint.
        weights, normalised: type of the graph's weights, and whether it takes normalised pixels.
    """
    metadata = {name: value for name, value in known.items() if name != PLACEMENT}
    metadata["categories"] = network.categories
    if network.provenance:
        metadata["provenance"] = network.provenance
    if network.placement != NOMINAL:
        metadata[PLACEMENT] = network.placement.record()
    metadata[GRAPH] = {
        "input": "normalised" if normalised else "RGB from 0 to 1",
        "weights": weights,
        "label": network.label,
        OUTPUTS: network.outputs,
    }
    if batches := _batches(network.model):
        metadata[GRAPH][BATCHES] = batches
    return written_record(network.scaling, network.family, network.normalisation, metadata)


def _batches(model: nn.Module) -> int | list[int]:
    """How many batches the BatchNorms were trained on: one number where they agree, else one for each."""
    counts = [int(value) for name, value in model.named_buffers() if name.endswith(COUNTER)]
    return counts[0] if len(set(counts)) == 1 else counts


def _known(study: Study, key: str, classes: int) -> Mapping:
    """Metadata of a variant's checkpoint, empty for a grown one; of several label sets only the study's."""
    variant = study.variant(key)
    known = {} if "grown_from" in variant.source else variant.checkpoint().metadata
    return {**known, LABEL_SETS: {study.label_set: classes}} if study.label_set else known
