"""Command line: python -m cam compare | render | export | evaluate | bench."""

import sys

from cam.commands.bench import add_bench_arguments, run_bench
from cam.commands.compare import add_compare_arguments, add_render_arguments, run_compare, run_render
from cam.commands.evaluate import add_evaluate_arguments, run_evaluate
from cam.commands.export import add_export_arguments, run_export
from models.commands import run_program

PROGRAM = "python -m cam"


def main(words: list[str] | None = None) -> int:
    """Parse the command line, run the command, return its exit code."""
    return run_program(PROGRAM, "Class activation maps of scaled EfficientNets, side by side.", COMMANDS, words)


COMMANDS = {  # name -> one line of help, what adds its arguments, what runs it
    "compare": ("a figure of some images and all variants of a study", add_compare_arguments, run_compare),
    "render": ("draw a saved comparison again, without networks", add_render_arguments, run_render),
    "export": ("a folder of photographs in, a folder of figures out; resumes", add_export_arguments, run_export),
    "evaluate": (
        "measure whether the maps of a study support the paper's claim; writes JSON and a table",
        add_evaluate_arguments,
        run_evaluate,
    ),
    "bench": ("how fast: our maps beside other libraries' and bare forward passes", add_bench_arguments, run_bench),
}

if __name__ == "__main__":
    sys.exit(main())
