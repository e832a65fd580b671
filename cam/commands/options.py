"""Options that every command shares, and what they mean: a study and its networks."""

import argparse
from typing import NamedTuple

from cam.figures.colours import COLOUR_MAPS
from cam.figures.display import DISPLAY, SCALES, STYLES, Display
from cam.maps.closed_forms import PLACEMENTS
from cam.maps.methods import METHODS
from cam.question import Question
from models import Network, StudyError, load_study
from models.images import VIEWS
from models.studies import DEFAULT_STUDY, Study


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
    parser.add_argument("--view", default="square", choices=VIEWS, help="whole image squashed, or centre square")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 or mps (default: auto)")


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
    parser.add_argument("--scale", default="map", choices=SCALES, help="each map on its own scale, or one for a row")
    parser.add_argument("--style", default="overlay", choices=STYLES, help="paper: the look of the paper's Figure 7")
    parser.add_argument(
        "--colours", default="inferno", choices=COLOUR_MAPS, help="of maps that are not signed (default: inferno)"
    )
    parser.add_argument(
        "--opacity", type=float, default=DISPLAY.opacity, metavar="SHARE", help="of the colours, 0 to 1 (default: 0.7)"
    )
    parser.add_argument("--signed", action="store_true", help="diverging colours: evidence against the class shows too")
    parser.add_argument(
        "--difference", default="", metavar="KEY", help="take this variant's map from every other, at the same places"
    )
    parser.add_argument(
        "--contour", type=float, default=0.0, metavar="SHARE", help="a line at this share of the largest value, 0 to 1"
    )
    parser.add_argument("--cells", action="store_true", help="the cells of a map as they are, without smoothing")
    parser.add_argument(
        "--placement", default="registered", choices=PLACEMENTS, help="cells where they were measured to look, or not"
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


def load_networks(arguments: argparse.Namespace) -> LoadedStudy:
    """The networks that the options ask for. A variant asked for by name must load; the others may be missing.

    Raises:
        ValueError: the study, a variant or a checkpoint cannot be used, or no variant can.
        FileNotFoundError: there is no such checkpoint.
    """
    study, named = load_study(arguments.study), set()
    for pair in arguments.checkpoint:
        key, separator, path = pair.partition("=")
        if not separator:
            raise StudyError(f"--checkpoint {pair!r} is not understood; expected KEY=FILE, for instance depth=deep.pth")
        study = study.with_checkpoint(key, path)
        named.add(key)
    keys = [key.strip() for key in arguments.variants.split(",")] if arguments.variants else list(study.variants)
    named |= set(keys) if arguments.variants else set()
    networks, failures = {}, {}
    for key in keys:
        try:
            networks[key] = study.load(key, arguments.device)
        except StudyError as error:
            if key in named:
                raise
            failures[key] = str(error)
    if not networks:
        raise StudyError(next(iter(failures.values())))
    return LoadedStudy(study, networks, failures)
