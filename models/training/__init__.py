"""Training: a recipe and a folder of labelled photographs -> checkpoints, on a CPU, a GPU or many; it resumes."""

from models.training.command import add_train_arguments, run_train, train
from models.training.evaluation import add_evaluate_arguments, run_evaluate

__all__ = ["add_evaluate_arguments", "add_train_arguments", "run_evaluate", "run_train", "train"]
