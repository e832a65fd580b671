"""The record in a checkpoint's header: scaling, family and metadata, and how it agrees with what the caller gives."""

import json
from collections.abc import Mapping
from dataclasses import asdict

from models.checkpoints.label_sets import LABEL_SETS, checked_label_sets
from models.checkpoints.weight_files import CheckpointError, printable
from models.graphs.names import GRAPH
from models.normalisation import NORMALISATION, Normalisation, normalisation_from
from models.placement import NOMINAL, PLACEMENT, Placement, placement_from
from models.scaling import Scaling, family_named

RECORD = "compound_cam"  # the only entry of the header: several would vary in order, and so change the hash
DEEPEST = 32  # levels of nested lists and dictionaries
GIVEN, RECORDED = "given", "recorded"
OF_FAMILY, GUESSED = "not recorded, its family's", "not recorded, that of a family which is itself a guess"


def read_record(header: Mapping[str, str]) -> tuple[Scaling | None, str | None, dict]:
    """Scaling, family and metadata that ``save_checkpoint`` wrote into the header; empty for another program's file.

    Raises:
        CheckpointError: the record is broken.
    """
    if RECORD not in header:
        return None, None, {}
    try:
        record = json.loads(header[RECORD])
        scaling, family, metadata = Scaling(**record["scaling"]), record["family"], record["metadata"]
        family_named(family)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise CheckpointError(
            f"a broken record in its header ({printable(str(error))}); "
            "expected scaling, family and metadata: save it again"
        ) from error
    if not isinstance(metadata, dict):
        raise CheckpointError(f"metadata recorded as {type(metadata).__name__}; expected a dictionary: save it again")
    if _depth(metadata) > DEEPEST:
        raise CheckpointError(f"metadata nested more than {DEEPEST} deep in its header; save it again without them")
    return scaling, family, metadata


def _depth(value: object) -> int:
    """How deep lists and dictionaries are nested, counted level by level, so that no depth exhausts the stack."""
    depth, level = 0, [value]
    while level:
        depth += 1
        level = [
            item
            for one in level
            if isinstance(one, (dict, list))
            for item in (one.values() if isinstance(one, dict) else one)
        ]
    return depth


def check_metadata(metadata: Mapping, classes: int) -> None:
    """Refuse metadata that contradict the classifier, or a placement that is not understood.

    Raises:
        CheckpointError: the categories, label sets or placement are not understood, or do not fit the number of classes.
    """
    checked_label_sets(metadata, classes)
    recorded_placement(metadata)
    categories = metadata.get("categories")
    if categories is None:
        return
    if not (isinstance(categories, list) and all(isinstance(category, str) for category in categories)):
        raise CheckpointError("recorded categories are not a list of names; expected one name per class")
    if len(categories) != classes:
        raise CheckpointError(
            f"{len(categories)} categories recorded for {classes} classes; expected one name per class"
        )


def recorded_placement(metadata: Mapping) -> Placement:
    """Where the cells look, as recorded; nominal where nothing is recorded.

    Raises:
        CheckpointError: what is recorded is not a placement.
    """
    try:
        return placement_from(metadata[PLACEMENT]) if PLACEMENT in metadata else NOMINAL
    except ValueError as error:
        raise CheckpointError(f"{printable(str(error))}; measure it again") from error


def recorded_graph(metadata: Mapping) -> dict:
    """What a graph records about itself, apart from its network; empty for other files."""
    about = metadata.get(GRAPH)
    return about if isinstance(about, dict) else {}


def agreed_family(given: str | None, recorded: str | None) -> str | None:
    """The family that was given or recorded; None where neither was.

    Raises:
        CheckpointError: they differ.
    """
    if given and recorded and given != recorded:
        raise CheckpointError(f"recorded as family {recorded!r}, but {given!r} was asked for; leave the family out")
    return given or recorded


def agreed_normalisation(given: Normalisation | None, metadata: Mapping) -> tuple[Normalisation | None, str]:
    """The normalisation that was given or recorded, and which of the two; None where neither was.

    Raises:
        CheckpointError: they differ, or what was recorded is not a normalisation.
    """
    try:
        recorded = normalisation_from(metadata[NORMALISATION]) if NORMALISATION in metadata else None
    except ValueError as error:
        raise CheckpointError(f"{printable(str(error))}; save the checkpoint again") from error
    if given and recorded and given != recorded:
        raise CheckpointError(
            f"recorded with normalisation {recorded}, but {given} was asked for; leave the normalisation out"
        )
    return recorded or given, RECORDED if recorded else GIVEN


def written_record(scaling: Scaling, family: str, normalisation: Normalisation | None, metadata: Mapping) -> str:
    """What ``read_record`` reads: JSON with sorted keys, so that the same content gives the same bytes.

    Raises:
        CheckpointError: the metadata cannot be written as JSON, or hold another normalisation.
    """
    known, _ = agreed_normalisation(normalisation, metadata)
    try:
        own = {NORMALISATION: known.record()} if known else {}
        record = {"scaling": asdict(scaling), "family": family, "metadata": {**metadata, **own}}
        return json.dumps(_sorted(record), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise CheckpointError(
            f"metadata is not JSON ({error}); expected texts, finite numbers, lists and dictionaries"
        ) from error


def _sorted(value: object, keep: bool = False) -> object:
    """The same value with the keys of every dictionary sorted, except label sets, which stay in the order of their rows."""
    if isinstance(value, Mapping):
        return {key: _sorted(value[key], key == LABEL_SETS) for key in (value if keep else sorted(value))}
    return [_sorted(item) for item in value] if isinstance(value, (list, tuple)) else value
