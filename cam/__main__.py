"""Command line: python -m cam compare | render | export | evaluate | bench."""

import argparse
import sys

from cam.commands.bench import add_bench_arguments, run_bench
from cam.commands.compare import add_compare_arguments, add_render_arguments, run_compare, run_render
from cam.commands.evaluate import add_evaluate_arguments, run_evaluate
from cam.commands.export import add_export_arguments, run_export
from models.commands import run_command

PROGRAM = "python -m cam"


def main(words: list[str] | None = None) -> int:
    """Parse the command line, run the command, return its exit code."""
    parser = argparse.ArgumentParser(
        prog=PROGRAM, description="Class activation maps of scaled EfficientNets, side by side."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    comparing = commands.add_parser("compare", help="a figure of some images and all variants of a study")
    add_compare_arguments(comparing)
    comparing.set_defaults(run=run_compare)
    rendering = commands.add_parser("render", help="draw a saved comparison again, without networks")
    add_render_arguments(rendering)
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


if __name__ == "__main__":
    sys.exit(main())
