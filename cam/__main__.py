"""Command line: python -m cam compare | render | export | evaluate | bench."""

import argparse
import sys
from pathlib import Path

from cam.arguments import add_layer_arguments, add_study_arguments, load_networks
from cam.bench import add_bench_arguments, run_bench
from cam.comparing import compare
from cam.comparison import Comparison
from cam.evaluation.command import add_evaluate_arguments, run_evaluate
from cam.export.command import add_export_arguments, run_export
from cam.figures import SCALES, STYLES, SUFFIXES, save_figure
from cam.layers import chosen_layers
from models.commands import DONE, SOME_FAILED, run_command, say
from models.images import open_image

PROGRAM = "python -m cam"


def main(words: list[str] | None = None) -> int:
    """Parse the command line, run the command, return its exit code."""
    parser = argparse.ArgumentParser(
        prog=PROGRAM, description="Class activation maps of scaled EfficientNets, side by side."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    comparing = commands.add_parser("compare", help="a figure of some images and all variants of a study")
    comparing.add_argument("images", nargs="+", metavar="IMAGE")
    add_study_arguments(comparing)
    add_layer_arguments(comparing)
    comparing.add_argument("--save", metavar="FILE.npz", help="also keep the raw maps; render draws them again")
    _add_figure_arguments(comparing)
    comparing.set_defaults(run=run_compare)
    rendering = commands.add_parser("render", help="draw a saved comparison again, without networks")
    rendering.add_argument("saved", metavar="FILE.npz")
    _add_figure_arguments(rendering)
    rendering.set_defaults(run=run_render)
    exporting = commands.add_parser("export", help="a folder of photographs in, a folder of figures out; resumes")
    add_export_arguments(exporting)
    exporting.set_defaults(run=run_export)
    evaluating = commands.add_parser(
        "evaluate", help="do the maps of a study support the paper's claim? JSON and a table"
    )
    add_evaluate_arguments(evaluating)
    evaluating.set_defaults(run=run_evaluate)
    benching = commands.add_parser("bench", help="how fast: our maps beside other libraries' and bare forward passes")
    add_bench_arguments(benching)
    benching.set_defaults(run=run_bench)
    arguments = parser.parse_args(words)
    return run_command(arguments.run, arguments, f"{PROGRAM} {arguments.command}")


def _add_figure_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", required=True, metavar="FIGURE", help=f"file to write: {', '.join(SUFFIXES)}")
    parser.add_argument("--scale", default="map", choices=SCALES, help="each map on its own scale, or one for a row")
    parser.add_argument("--style", default="overlay", choices=STYLES, help="paper: the look of the paper's Figure 7")
    parser.add_argument("--dpi", type=int, default=200, help="of PNG and WebP (default: 200)")


def run_compare(arguments: argparse.Namespace) -> int:
    """compare IMAGE... --out FIGURE"""
    _require_writable(arguments.out, SUFFIXES)
    if arguments.save:
        _require_writable(arguments.save, (".npz",))
    chosen_layers(arguments.layer, arguments.method)
    pictures = [(Path(path).name, open_image(path)) for path in arguments.images]
    study, networks, failures = load_networks(arguments)
    for sentence in failures.values():
        say(sentence)
    comparison = compare(
        networks, [picture for _, picture in pictures], arguments.method, arguments.target, arguments.view,
        layer=arguments.layer, flip=arguments.flip,
    )  # fmt: skip
    comparison = comparison.renamed([name for name, _ in pictures])
    if arguments.save:
        comparison.save(arguments.save)
    save_figure(comparison, arguments.out, arguments.scale, arguments.style, arguments.dpi)
    return SOME_FAILED if any(study.variants[key].source for key in failures) else DONE


def run_render(arguments: argparse.Namespace) -> int:
    """render FILE.npz --out FIGURE"""
    _require_writable(arguments.out, SUFFIXES)
    save_figure(Comparison.load(arguments.saved), arguments.out, arguments.scale, arguments.style, arguments.dpi)
    return DONE


def _require_writable(path: str, suffixes: tuple[str, ...]) -> None:
    """Refuse before any work what could not be written after it."""
    if Path(path).suffix.lower() not in suffixes:
        raise ValueError(f"cannot write {path!r}; expected a name that ends in {', '.join(suffixes)}")
    if not Path(path).parent.is_dir():
        raise FileNotFoundError(f"the folder {Path(path).parent} does not exist; create it first")


if __name__ == "__main__":
    sys.exit(main())
