"""Training: a recipe and a folder of labelled photographs -> checkpoints, on a CPU or one or many GPUs; it resumes.

recipe.py          everything that decides how a network is trained, from recipes/
interruptions.py   signals, the clock, full memory, a full disk
datasets.py        photographs in one folder per category, and how they are split
augmentation.py    augment a whole batch at once, each image in its own way
sources.py         batches to train on
lineage.py         where the variants come from
probe.py           new classes for a network whose weights stay fixed
teacher.py         a trained network whose answers a student learns
kept_batchnorm.py  train with the BatchNorm statistics that a network starts with
objectives.py      the loss of one step, and how layers behave in training
optimisation.py    optimisers, learning rates, the schedule, the average of the weights
run.py             one training, from its start or from where it was interrupted
training.py        one variant, from its start to a checkpoint
evaluation.py      accuracy of trained networks
command.py         python -m models train
"""

from models.training.command import add_train_arguments, run_train, train
from models.training.evaluation import add_evaluate_arguments, run_evaluate

__all__ = ["add_evaluate_arguments", "add_train_arguments", "run_evaluate", "run_train", "train"]
