"""How near are a study's networks to the answers that they were taught, on photographs that they have not seen?

A network that learns from a teacher's answers has one goal: their distribution over the classes. How far it is from it is the
Kullback-Leibler divergence of its softmax from the teacher's, in nats; nothing is 0. Every photograph counts by how wrong each of
its answers is, not by whether the first is right, so that this tells networks apart whose accuracies are the same. No labels
are needed. The whole photograph is squashed to a square, each network at its own size, the teacher at its own.

    python benchmarks/answers.py --photographs FOLDER [--study photographs] [--teacher lite:lite2] [--also NAME=FILE]
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parents[1]))

from cam.evaluation.statistics import intervals
from models import Network, load_study
from models.command_inputs import PhotographFolder
from models.studies import Study


def answers(network: Network, photographs: PhotographFolder) -> np.ndarray:
    """Logarithms of a network's class probabilities for each photograph, float64 (N, K)."""

    def answer(image: Tensor) -> Tensor:
        return network.logits(network.features(image[None].to(network.device)))[0].log_softmax(0)

    return np.stack([answer(image).double().cpu().numpy() for image in photographs.prepared(network)])


def divergence(teacher: np.ndarray, student: np.ndarray) -> np.ndarray:
    """Kullback-Leibler divergence of a student's answers from a teacher's for each photograph, in nats (N,).

    Args:
        teacher: logarithms of its class probabilities (N, K).
        student: likewise.
    """
    return (np.exp(teacher) * (teacher - student)).sum(1)


def with_interval(values: np.ndarray) -> str:
    """The mean over photographs and its 95 % interval: ``-0.028 [-0.044, -0.013]``."""
    found = intervals(values, [str(number) for number in range(len(values))])[0]
    return f"{found.estimate:+.3f} [{found.low:+.3f}, {found.high:+.3f}]"


def main() -> None:
    """Print every network's divergence from the teacher, also less the baseline's, and how often both give one answer."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photographs", required=True, metavar="FOLDER")
    parser.add_argument("--limit", type=int, default=200)
    parser.add_argument("--study", default="photographs")
    parser.add_argument("--teacher", default="lite:lite2", metavar="STUDY:KEY")
    parser.add_argument(
        "--also", metavar="NAME=FILE", action="append", default=[], help="another training of the baseline"
    )
    arguments = parser.parse_args()
    study, photographs = load_study(arguments.study), PhotographFolder(arguments.photographs, arguments.limit)
    teachers, _, key = arguments.teacher.partition(":")
    taught_by = load_study(teachers).load(key)
    teacher, baseline = answers(taught_by, photographs), None
    print(
        f"{len(teacher)} photographs\n{'':<24}{'divergence':>10}   {'less ' + study.baseline:<26}{'answers as the teacher':>22}"
    )
    for name, network in networks(study, arguments.also):
        if network.categories != taught_by.categories:
            raise SystemExit(f"{name} and {arguments.teacher} have different classes; give another --teacher")
        student = answers(network, photographs)
        found = divergence(teacher, student)
        less = "" if baseline is None else with_interval(found - baseline)
        baseline = found if baseline is None else baseline
        print(f"{name:<24}{found.mean():>10.3f}   {less:<26}{(teacher.argmax(1) == student.argmax(1)).mean():>22.1%}")


def networks(study: Study, further: list[str]) -> Iterator[tuple[str, Network]]:
    """The study's networks by name, the baseline first, then further checkpoints ``NAME=FILE`` at their own input size."""
    for key in sorted(study.variants, key=lambda key: key != study.baseline):
        yield key, study.load(key)
    for one in further:
        name, _, file = one.partition("=")
        yield name, study.with_checkpoint(study.baseline, file).load(study.baseline)


if __name__ == "__main__":
    main()
