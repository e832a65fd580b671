"""Shared by the tests of evaluate: the classes of their study, and the command in this process."""

import argparse
from pathlib import Path

from cam.commands.evaluate import add_evaluate_arguments, run_evaluate
from cam.evaluation.records import Report, read_report

CATEGORIES = ["ant", "bee", "cat", "dog"]


def evaluate(study: Path, data: Path, out: Path, *options: str) -> Report:
    """The report that the command writes."""
    parser = argparse.ArgumentParser()
    add_evaluate_arguments(parser)
    words = ["--study", str(study), "--data", str(data), "--out", str(out), "--device", "cpu", *options]
    assert run_evaluate(parser.parse_args(words)) == 0
    return read_report(out)
