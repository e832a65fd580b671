"""python -m cam compare and render: a figure of some images, and the same figure again without networks."""

import argparse
from pathlib import Path

from cam.commands.options import (
    add_display_arguments,
    add_layer_arguments,
    add_study_arguments,
    chosen_study,
    display_of,
    load_networks,
    question_of,
    require_askable,
    require_counts,
    require_explainable,
)
from cam.compare import DRAWN_SIZE, ask
from cam.comparison import Comparison
from cam.figures.figure import SUFFIXES, save_figure
from cam.inputs import listed_pictures
from cam.saved import require_room
from models.commands import DONE, SOME_FAILED, say
from models.downloads import is_address
from models.files import require_folder

ARRAYS = 3  # that a saved comparison has of each network at least


def add_compare_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``python -m cam compare``."""
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="a file, or an address that begins with https://")
    add_study_arguments(parser)
    add_layer_arguments(parser)
    parser.add_argument("--save", metavar="FILE.npz", help="also keep the raw maps; render draws them again")
    _add_figure_arguments(parser)


def add_render_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``python -m cam render``."""
    parser.add_argument("saved", metavar="FILE.npz", help="what compare --save wrote")
    _add_figure_arguments(parser)


def _add_figure_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", required=True, metavar="FIGURE", help=f"file to write: {', '.join(SUFFIXES)}")
    add_display_arguments(parser)
    parser.add_argument("--dpi", type=int, default=200, help="of PNG and WebP (default: 200)")


def run_compare(arguments: argparse.Namespace) -> int:
    """compare IMAGE... --out FIGURE"""
    _require_writable(arguments.out, SUFFIXES)
    if arguments.save:
        _require_writable(arguments.save, (".npz",))
    question, display = question_of(arguments), display_of(arguments)
    require_counts(arguments, "dpi")
    for path in arguments.images:  # they are opened after networks have been loaded
        if not is_address(path) and not Path(path).exists():
            raise FileNotFoundError(f"no image file {path!r}; check the path")
        if Path(path).is_dir():
            raise IsADirectoryError(f"{path!r} is a folder; give images in it, or python -m cam export")
    chosen = chosen_study(arguments)
    require_askable(chosen, question, display)
    pictures = listed_pictures(arguments.images)
    study, networks, failures = load_networks(chosen)
    display.require_possible(networks, question.unit, question.method)
    require_explainable(question, next(iter(networks.values())).categories)
    for sentence in failures.values():
        say(sentence)
    if arguments.save:
        require_room(ARRAYS * len(networks) + 2, len(pictures) * DRAWN_SIZE**2 * 3)
    comparison = ask(networks, pictures, question)
    if arguments.save:
        comparison.save(arguments.save)
    save_figure(comparison, arguments.out, display, arguments.dpi)
    return SOME_FAILED if any(study.variants[key].source for key in failures) else DONE


def run_render(arguments: argparse.Namespace) -> int:
    """render FILE.npz --out FIGURE"""
    _require_writable(arguments.out, SUFFIXES)
    require_counts(arguments, "dpi")
    display = display_of(arguments)
    save_figure(Comparison.load(arguments.saved), arguments.out, display, arguments.dpi)
    return DONE


def _require_writable(path: str, suffixes: tuple[str, ...]) -> None:
    """Refuse before any work what could not be written after it."""
    if Path(path).suffix.lower() not in suffixes:
        raise ValueError(f"cannot write {path!r}; expected a name that ends in {', '.join(suffixes)}")
    require_folder(path)
