"""How near are a study's networks to the answers that they were taught, on photographs that they have not seen?

A network that learns from a teacher's answers has one goal: their distribution over the classes. How far it is from it is the
Kullback-Leibler divergence of its softmax from the teacher's, in nats; nothing is 0. Every photograph counts by how wrong each of
its answers is, not by whether the first is right, so that this tells networks apart whose accuracies are the same. No labels
are needed. The whole photograph is squashed to a square, each network at its own size, the teacher at its own.

    python benchmarks/answers.py --photographs FOLDER [--study photographs] [--teacher lite:lite2] [--checkpoint KEY=FILE]
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parents[1]))

from cam.evaluation.statistics import intervals
from models import Network, load_study
from models.command_inputs import PhotographFolder


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
        "--checkpoint", metavar="KEY=FILE", action="append", default=[], help="instead of the study's own"
    )
    arguments = parser.parse_args()
    study, photographs = load_study(arguments.study), PhotographFolder(arguments.photographs, arguments.limit)
    for replaced in arguments.checkpoint:
        study = study.with_checkpoint(*replaced.split("=", 1))
    taught_by = load_study(arguments.teacher.partition(":")[0]).load(arguments.teacher.partition(":")[2])
    teacher, own = answers(taught_by, photographs), np.empty(0)
    print(
        f"{len(teacher)} photographs\n{'':<14}{'divergence':>10}   {'less ' + study.baseline:<26}{'answers as the teacher':>22}"
    )
    for key in sorted(study.variants, key=lambda key: key != study.baseline):
        network = study.load(key)
        if network.categories != taught_by.categories:
            raise SystemExit(
                f"{key} of {study.name} and {arguments.teacher} have different classes; give another --teacher"
            )
        student = answers(network, photographs)
        found = divergence(teacher, student)
        own = found if key == study.baseline else own
        agree = (teacher.argmax(1) == student.argmax(1)).mean()
        print(
            f"{key:<14}{found.mean():>10.3f}   {'' if found is own else with_interval(found - own):<26}{agree:>22.1%}"
        )


if __name__ == "__main__":
    main()
