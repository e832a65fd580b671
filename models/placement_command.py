"""python -m models placement: measure where a network's cells look, and record it in its checkpoint."""

import argparse
from pathlib import Path

from models.checkpoints.loading import load_checkpoint, require_writable, save_checkpoint
from models.command_inputs import PhotographFolder, add_photograph_arguments, chosen
from models.commands import DONE, SOME_FAILED, say
from models.mirror_test import measure_placement
from models.placement import PLACEMENT, Placement

LIMIT = 600


def add_placement_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``python -m models placement``."""
    parser.add_argument("network", metavar="CHECKPOINT|STUDY[:KEY]", help="a file, a study's variant, or a whole study")
    add_photograph_arguments(parser, LIMIT)
    parser.add_argument(
        "--write", action="store_true", help="also record the result in the checkpoint, which must be .safetensors"
    )


def run_placement(arguments: argparse.Namespace) -> int:
    """placement CHECKPOINT --photographs FOLDER [--write]"""
    photographs = PhotographFolder(arguments.photographs, arguments.limit)
    path = Path(arguments.network)
    if arguments.write:
        if not path.is_file() or path.suffix == ".toml":
            raise ValueError(
                f"--write needs a checkpoint, not {arguments.network!r}; put a variant's into the manifest"
            )
        require_writable(path)
    study, keys = chosen(arguments.network)
    for key in keys:
        network = study.load(key, arguments.device)
        found = measure_placement(network, photographs.prepared(network))
        print(f"{key}: {found}")
        print(f"{PLACEMENT} = [{found.right}, {found.down}]", flush=True)
        if arguments.write:
            print(f"{path}  {record(path, found)}")
    for reason in photographs.unreadable.values():
        say(f"{reason}; left out")
    return SOME_FAILED if photographs.unreadable else DONE


def record(path: Path, placement: Placement) -> str:
    """Write a checkpoint again with its placement; the old file is replaced only by a complete one.

    Returns:
        The new file's sha256.

    Raises:
        CheckpointError: it is not an EfficientNet's, or not a .safetensors file.
    """
    old = load_checkpoint(path)
    metadata = {**old.metadata, PLACEMENT: placement.record()}
    return save_checkpoint(path, old.state_dict, scaling=old.scaling, family=old.family, metadata=metadata)
