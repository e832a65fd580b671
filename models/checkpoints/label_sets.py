"""Several label sets in one classifier: consecutive rows, which a checkpoint's metadata names and counts.

``"label_sets": {"imagenet": 1000, "caltech101": 101}`` says that the first 1,000 of 1,101 rows are ImageNet's classes.
"""

from collections.abc import Mapping

from models.checkpoints.weight_files import CheckpointError, quoted

LABEL_SETS = "label_sets"  # their key in a checkpoint's metadata


def checked_label_sets(metadata: Mapping, classes: int) -> dict[str, int]:
    """The label sets that metadata record, in the order of their rows; empty where there are none.

    Args:
        metadata: of a checkpoint.
        classes: number of rows of its classifier.

    Raises:
        CheckpointError: they are not numbers of rows by name, or do not add up to the classifier's rows.
    """
    found = metadata.get(LABEL_SETS, {})
    if not isinstance(found, Mapping) or not all(isinstance(name, str) and _is_count(found[name]) for name in found):
        raise CheckpointError("recorded label sets are not understood; expected the number of rows of each by its name")
    if found and sum(found.values()) != classes:
        raise CheckpointError(
            f"label sets of {' + '.join(map(str, found.values()))} rows recorded for a classifier of {classes}; "
            "expected rows that add up to it"
        )
    return dict(found)


def rows_of(label_sets: Mapping[str, int], name: str) -> slice:
    """The rows of a classifier that belong to one of its label sets.

    Raises:
        CheckpointError: there is no such label set; the message lists the recorded ones.
    """
    if name not in label_sets:
        there = f"it has {quoted(label_sets)}" if label_sets else "it records none"
        raise CheckpointError(f"no label set {name!r}, {there}; give a checkpoint that has it, or leave the set out")
    names = list(label_sets)
    first = sum(label_sets[before] for before in names[: names.index(name)])
    return slice(first, first + label_sets[name])


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
