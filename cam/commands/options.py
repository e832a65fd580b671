"""Options that every command shares, and what they mean: a study and its networks."""

import argparse
from collections.abc import Sequence
from typing import NamedTuple

from cam.figures.colours import COLOUR_MAPS
from cam.figures.display import DISPLAY, SCALES, STYLES, Display
from cam.maps.closed_forms import PLACEMENTS
from cam.maps.methods import METHODS
from cam.maps.targets import is_contrast, require_known
from cam.question import Question
from models import Network, StudyError, load_study
from models.images import VIEWS
from models.network import DEVICES, choose_device
from models.studies import DEFAULT_STUDY, Study


class ChosenStudy(NamedTuple):
    """What the options ask for, found to be possible before any network is loaded.

    Attributes:
        study: with the checkpoints that were given.
        keys: of the variants to load, in order.
        named: keys of the variants that the options name, which must load; of the others some may be missing.
        device: to load them on, as it was given.
    """

    study: Study
    keys: tuple[str, ...]
    named: frozenset[str]
    device: str


class LoadedStudy(NamedTuple):
    """A study's networks, and one sentence for each variant that could not be loaded."""

    study: Study
    networks: dict[str, Network]
    failures: dict[str, str]


def add_study_arguments(parser: argparse.ArgumentParser) -> None:
    """--study, --variants, --checkpoint, --method, --target, --view and --device."""
    parser.add_argument("--study", default=DEFAULT_STUDY, help=f"name or .toml path (default: {DEFAULT_STUDY})")
    parser.add_argument("--variants", metavar="A,B", help="only these, in this order (default: all)")
    parser.add_argument(
        "--checkpoint", metavar="KEY=FILE", action="append", default=[], help="weights for one variant; may be repeated"
    )
    parser.add_argument("--method", default="cam", help=f"one of {', '.join(METHODS)} (default: cam)")
    parser.add_argument(
        "--target", default="shared", help='"shared", "own", a class name or index, or "A - B" (default: shared)'
    )
    parser.add_argument(
        "--view", default="square", choices=VIEWS, help="whole image squashed, or centre square (default: square)"
    )
    parser.add_argument("--device", default="auto", help=DEVICES)


def add_layer_arguments(parser: argparse.ArgumentParser) -> None:
    """--layer and --flip, of commands that can draw maps of any layer."""
    parser.add_argument(
        "--layer",
        metavar="L",
        help='"stage 1" to "stage 7", or several with commas (default: the head, the last layer)',
    )
    parser.add_argument("--flip", action="store_true", help="average each map with that of the mirror image")


def question_of(arguments: argparse.Namespace) -> Question:
    """What --method, --target, --view, --layer and --flip ask.

    Raises:
        ValueError: there is no such method or layer, or the method does not allow the layer.
    """
    return Question(arguments.method, arguments.target, arguments.view, arguments.layer or "", arguments.flip)


def add_display_arguments(parser: argparse.ArgumentParser) -> None:
    """How maps are drawn: --scale, --style, --colours, --opacity, --signed, --difference, --contour, --cells, --placement."""
    parser.add_argument(
        "--scale",
        default="map",
        choices=SCALES,
        help="each map on its own scale, or one for all of a photograph (default: map)",
    )
    parser.add_argument("--style", default="overlay", choices=STYLES, help="paper: the look of the paper's Figure 7")
    parser.add_argument(
        "--colours", default="inferno", choices=COLOUR_MAPS, help="of maps that are not signed (default: inferno)"
    )
    parser.add_argument(
        "--opacity", type=float, default=DISPLAY.opacity, metavar="SHARE", help="of the colours, 0 to 1 (default: 0.7)"
    )
    parser.add_argument("--signed", action="store_true", help="diverging colours: evidence against the class shows too")
    parser.add_argument(
        "--difference", default="", metavar="KEY", help="show each map less that of this variant, at the same places"
    )
    parser.add_argument(
        "--contour", type=float, default=0.0, metavar="SHARE", help="a line at this share of the largest value, 0 to 1"
    )
    parser.add_argument("--cells", action="store_true", help="the cells of a map as they are, without smoothing")
    parser.add_argument(
        "--placement",
        default="registered",
        choices=PLACEMENTS,
        help="where the cells of a map are drawn: as measured, by strides and paddings, or evenly (default: registered)",
    )


def display_of(arguments: argparse.Namespace) -> Display:
    """The display choices that these options make.

    Raises:
        ValueError: a share is not between 0 and 1, or the paper style makes a choice itself.
    """
    return Display(
        arguments.scale,
        arguments.style,
        arguments.colours,
        arguments.opacity,
        arguments.signed,
        arguments.difference,
        arguments.contour,
        arguments.cells,
        arguments.placement,
    )


def require_counts(arguments: argparse.Namespace, *names: str) -> None:
    """Refuse counts below 1.

    Raises:
        ValueError: one of the options ``names`` is given and is below 1.
    """
    for name in names:
        count = getattr(arguments, name)
        if count is not None and count < 1:
            raise ValueError(f"--{name.replace('_', '-')} is {count}; expected 1 or more")


def chosen_study(arguments: argparse.Namespace) -> ChosenStudy:
    """The study and variants that the options ask for; the manifest is read, and no weights.

    Raises:
        ValueError: the study, a variant, a checkpoint or the device is unknown, or a variant asked for by name has no weights.
    """
    study = load_study(arguments.study)
    choose_device(arguments.device)
    given = pairs(arguments.checkpoint, "--checkpoint", "depth=deep.pth")
    for key, path in given:
        study = study.with_checkpoint(key, path)
    words = arguments.variants.split(",") if arguments.variants else list(study.variants)
    keys = tuple(dict.fromkeys(study.variant(key.strip()).key for key in words))
    named = {key for key, _ in given} | set(keys if arguments.variants else ())
    for key in keys:
        if key in named and not study.variants[key].available:
            study.load(key, "cpu")  # there is nothing to load, and the error says where to get it
    return ChosenStudy(study, keys, frozenset(named), arguments.device)


def pairs(words: Sequence[str], option: str, example: str) -> list[tuple[str, str]]:
    """``KEY=FILE`` pairs, split.

    Raises:
        ValueError: there is no key or no file in one of them.
    """
    found = []
    for word in words:
        key, separator, path = word.partition("=")
        if not (key and separator and path):
            raise ValueError(f"{option} {word!r} is not understood; expected KEY=FILE, for instance {example}")
        found.append((key, path))
    return found


def require_askable(chosen: ChosenStudy, question: Question, display: Display) -> None:
    """Refuse what neither these variants' maps nor a figure of them can show, as far as the manifest tells.

    Raises:
        ValueError: see ``Display.require_possible``, or the study has no such class.
    """
    loadable = [key for key in chosen.keys if chosen.study.variants[key].source]
    display.require_possible(loadable, question.unit, question.method)
    if chosen.study.categories is not None:
        require_explainable(question, chosen.study.categories)


def require_explainable(question: Question, categories: Sequence[str]) -> None:
    """Refuse a question about classes that the networks do not know, or about the difference of maps without a unit.

    Raises:
        ValueError: there is no such class, or maps have no unit.
    """
    require_known(question.target, categories)
    if is_contrast(question.target, categories):
        question.require_unit()


def load_networks(chosen: ChosenStudy) -> LoadedStudy:
    """The networks that were chosen. A variant asked for by name must load; the others may be missing.

    Raises:
        ValueError: a variant or a checkpoint cannot be used, or no variant can.
    """
    networks, failures = {}, {}
    for key in chosen.keys:
        try:
            networks[key] = chosen.study.load(key, chosen.device)
        except StudyError as error:
            if key in chosen.named:
                raise
            failures[key] = str(error)
    if not networks:
        raise StudyError(next(iter(failures.values())))
    return LoadedStudy(chosen.study, networks, failures)
