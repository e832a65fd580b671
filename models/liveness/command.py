"""python -m models liveness: measure a checkpoint, or the variants of a study, on photographs."""

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from models.command_inputs import NETWORK, PhotographFolder, add_photograph_arguments, chosen
from models.commands import DONE, SOME_FAILED, say
from models.files import atomic_write, require_folder
from models.liveness.measure import B0_LAYERS, Liveness, measure_liveness
from models.liveness.report import liveness_sentences, liveness_table
from models.network import Network
from models.studies import StudyError

LIMIT = 200


def add_liveness_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``python -m models liveness``."""
    parser.add_argument("network", metavar="CHECKPOINT|STUDY[:KEY]", help="a file, a study's variant, or a whole study")
    add_photograph_arguments(parser, LIMIT)
    parser.add_argument(
        "--baseline",
        metavar="CHECKPOINT",
        help="the network that others were grown from (default: the study's baseline; of a file, B0's numbers of layers)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results to this file as JSON")


def run_liveness(arguments: argparse.Namespace) -> int:
    """liveness CHECKPOINT|STUDY[:KEY] --photographs FOLDER"""
    if arguments.json:
        require_folder(arguments.json)
    photographs = PhotographFolder(arguments.photographs, arguments.limit)
    study, keys = chosen(arguments.network, arguments.baseline)
    layers, found = B0_LAYERS, {}
    baseline = "" if list(study.variants) == [NETWORK] else study.baseline
    for key in dict.fromkeys([baseline, *keys] if baseline else keys):
        try:
            network = study.load(key, arguments.device)
        except StudyError as error:
            if len(keys) == 1 or key == baseline:
                raise
            say(str(error))
            continue
        if key == baseline:
            layers = tuple(len(stage) for stage in network.model.features[1:-1])
        found[key] = measure_liveness(network.model, photographs.prepared(network), layers)
        if key in keys:
            print(_text(network, found[key], found.get(baseline) if key != baseline else None), flush=True)
    for reason in photographs.unreadable.values():
        say(f"{reason}; left out")
    if arguments.json:
        _write(arguments.json, found, baseline)
    return DONE if found.keys() >= set(keys) and not photographs.unreadable else SOME_FAILED


def _text(network: Network, found: Liveness, baseline: Liveness | None) -> str:
    title = f"{network.label}, {found.photographs} photographs at {network.scaling.input_size} px"
    return "\n".join([title, liveness_table(found, baseline), *liveness_sentences(found, baseline), ""])


def _write(path: Path, found: Mapping[str, Liveness], baseline: str) -> None:
    """Write a dictionary of networks, each with the fields of ``Liveness`` and its sentences."""
    networks = {
        key: {**asdict(one), "sentences": liveness_sentences(one, found.get(baseline) if key != baseline else None)}
        for key, one in found.items()
    }
    with atomic_write(path) as file:
        file.write(json.dumps(networks, indent=1, allow_nan=False).encode())
