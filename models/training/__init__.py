"""Training: a recipe and a folder of labelled photographs -> checkpoints, on a CPU, a GPU or many; it resumes.

recipe.py          everything that decides how a network is trained, from recipes/
interruptions.py   signals, the clock, full memory, a full disk
datasets.py        photographs in one folder per category, and how they are split
augmentation.py    augment a whole batch at once, each image in its own way
sources.py         batches to train on
lineage.py         where the five variants come from
probe.py           new classes for a network that stays as it is
teacher.py         a trained network whose answers a student learns
kept_batchnorm.py  train with the BatchNorm statistics that a network came with
objectives.py      what one step asks of a network: its loss, and how its layers behave
optimisation.py    optimisers, rates, the schedule, the average of the weights
run.py             one training, from start or from where it was interrupted
training.py        one variant, from its start to a checkpoint
evaluation.py      how often trained networks are right
command.py         python -m models train
"""

from models.training.command import add_train_arguments, run_train, train
from models.training.evaluation import add_evaluate_arguments, run_evaluate

__all__ = ["add_evaluate_arguments", "add_train_arguments", "run_evaluate", "run_train", "train"]
