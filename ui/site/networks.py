"""Graphs of the networks, and what the page must know of each file before it requests it."""

import hashlib
import shutil
from argparse import Namespace
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from models.commands import DONE
from models.graph_command import run_onnx
from models.graphs.names import FLOAT16
from models.home import SAMPLES
from models.network import Network


def write_graphs(study: str, keys: Iterable[str], graphs: Path, photographs: Path = SAMPLES) -> None:
    """Write each network's graph that does not exist yet, with weights in float16, and check it on the photographs.

    Raises:
        ModuleNotFoundError: ONNX or ONNX Runtime is not installed.
        ValueError: a network does not load, or its graph does not compute the same as the network.
    """
    for key in keys:
        if (graphs / f"{key}.onnx").is_file():
            continue
        asked = Namespace(
            networks=f"{study}:{key}", out=graphs, weights=FLOAT16, normalised=False, photographs=photographs
        )
        if run_onnx(asked) != DONE:
            raise ValueError(f"{key} of the study {study} has no graph, so there is no site; see above")


def copy_graphs(networks: Mapping[str, Network], graphs: Path, out: Path) -> list[dict[str, Any]]:
    """Put the graphs into a folder of the site, each under a name that changes with its content.

    Returns:
        For each network its key, label, address, bytes, sha256 and the side of its input in pixels.
    """
    out.mkdir(parents=True)
    return [_copied(key, network, graphs / f"{key}.onnx", out) for key, network in networks.items()]


def _copied(key: str, network: Network, graph: Path, out: Path) -> dict[str, Any]:
    content = graph.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    name = f"{key}.{digest[:8]}.onnx"
    shutil.copyfile(graph, out / name)
    facts = {"key": key, "label": network.label, "url": f"{out.name}/{name}", "bytes": len(content), "sha256": digest}
    return facts | {"side": network.scaling.input_size}


def scales(networks: Mapping[str, Network], keys: Sequence[str]) -> dict[str, dict[str, float]]:
    """How to recognise a photograph that shows none of the classes, for each network measured by the largest logit."""
    found = {key: networks[key].score_scale for key in keys}
    return {
        key: {"mean": one.mean, "deviation": one.deviation, "threshold": one.threshold}
        for key, one in found.items()
        if one is not None and one.score == "max logit"
    }
