"""One training, on a CPU or one or many GPUs, that goes on after any interruption as if there had been none.

No random generator has a state that could get lost: the order of the photographs, their augmentation, dropout and mixing
follow from (seed, epoch, step, process). Everything else that decides how the training continues (weights, optimiser,
average, position) is in one file that is replaced atomically, so that a training that was killed ends in the same weights as
an uninterrupted one.
"""

import io
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torchvision.models import EfficientNet
from tqdm import tqdm

from models.files import atomic_write
from models.normalisation import Normalisation
from models.precision import has_bfloat16
from models.training.augmentation import mix
from models.training.datasets import Photographs
from models.training.interruptions import Stopped, kept_on_error, memory_advice, stop_signals
from models.training.objectives import adapt_layers, answers_loss, labels_loss
from models.training.optimisation import WeightAverage, make_optimiser, parameter_groups, rate_factor, set_rates
from models.training.recipe import Phase, Recipe, differences
from models.training.sources import MemorySource, StreamSource, epoch_order, number_of
from models.training.teacher import Teacher

SHORT_EPOCH = 15.0  # seconds; after shorter epochs the state is saved only now and then
LOOK_EVERY = 10  # steps between two looks at a GPU's running loss and at whether another process wants to stop


@dataclass(frozen=True)
class Limits:
    """When to stop and how often to save.

    Attributes:
        end: time on ``time.monotonic()``'s clock at which to stop cleanly, after the step under way.
        save_minutes: save within an epoch after this long; also after every epoch, unless it was very short.
    """

    end: float = math.inf
    save_minutes: float = 5.0


class TrainingRun:
    """The training of one network by a recipe.

    Args:
        network: with its initial weights; trained in place.
        photographs: to train on.
        recipe: how to train.
        resolution: the variant's own, in pixels.
        normalisation: of the network's input.
        seed: of everything random from here on.
        device: to train on.
        stem: path of the state without its ending (``STEM.state.pt``); ``log.jsonl`` lies in the same folder.
        identity: what else a saved state must agree in to be resumed, JSON values.
        teacher: whose answers to learn; without one, the labels are learned.

    Raises:
        ValueError: the photographs are too few for a batch, or the processes cannot share batches evenly.
    """

    def __init__(
        self,
        network: EfficientNet,
        photographs: Photographs,
        recipe: Recipe,
        resolution: int,
        normalisation: Normalisation,
        seed: int,
        device: torch.device,
        stem: Path,
        identity: dict | None = None,
        teacher: Teacher | None = None,
    ):
        self.teacher = teacher
        self.rank, self.world = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
        self.photographs, self.recipe = photographs, recipe
        self.resolution, self.normalisation = resolution, normalisation
        self.seed, self.device, self.stem = seed, device, stem
        self.steps = min(len(photographs) // recipe.batch_size, recipe.steps_per_epoch or len(photographs))
        self._check_batches()
        self.network = network.to(device).to(memory_format=torch.channels_last).train()
        adapt_layers(self.network, recipe)
        self.optimiser = make_optimiser(parameter_groups(self.network, recipe), recipe)
        self.average = WeightAverage(self.network) if recipe.ema_epochs else None
        self.epoch = self.step = 0
        self.seconds = self.epoch_seconds = 0.0
        self.totals = torch.zeros(3, device=device)  # of this epoch: images, their summed loss, right answers
        settings = {
            "recipe": recipe.as_dict(),
            "seed": seed,
            "resolution": resolution,
            "normalisation": normalisation.record(),
            "photographs": photographs.sha256,
            "processes": self.world,
        }
        self.identity = json.loads(json.dumps({**settings, **(identity or {})}))

    @property
    def state_path(self) -> Path:
        """The file that holds the state between two runs."""
        return self.stem.with_name(f"{self.stem.name}.state.pt")

    def _check_batches(self) -> None:
        size = self.recipe.batch_size
        if size % self.world:
            raise ValueError(
                f"{self.world} processes cannot share batches of {size}; give a multiple with --batch-size"
            )
        if not self.steps:
            raise ValueError(
                f"{len(self.photographs)} photographs are too few for a batch of {size}; give a smaller --batch-size"
            )

    def finish(self, limits: Limits | None = None) -> dict[str, Tensor]:
        """Train on from the state file, if there is one, to the end.

        Returns:
            The trained weights: the average where the recipe has one.

        Raises:
            Stopped: the time is up or a signal came; the state is saved.
            ValueError: the state belongs to another training.
            OSError: the state cannot be written; the last one is intact.
            MemoryError: the device's memory is too small; the message says which batch size to try.
        """
        limits, current = limits or Limits(), None
        self._load()
        self._saved_at = time.monotonic()
        with stop_signals() as signals, self._progress() as bar, memory_advice(self.recipe.batch_size, self.state_path):
            while self.epoch < self.recipe.epochs:
                number, phase = self.recipe.phase_at(self.epoch)
                if number != current:
                    source, current = self._enter(number, phase), number
                self._epoch(source, phase, bar, limits, signals)
            self._save()  # measuring and writing, which follow, can be interrupted as well
        return dict(self.average.tensors if self.average else self.network.state_dict())

    def _enter(self, number: int, phase: Phase) -> MemorySource | StreamSource:
        """Freeze the stages that the phase freezes, and make its source of batches."""
        for index, stage in enumerate(self.network.features):
            stage.requires_grad_(index >= phase.frozen)
        starting = (self.epoch, self.step) == (sum(earlier.epochs for earlier in self.recipe.phases[:number]), 0)
        if self.average and number and starting:
            self.average.restart(self.network)
        ids = [self.device.index or 0] if self.device.type == "cuda" else None
        self.forward = DistributedDataParallel(self.network, ids) if self.world > 1 else self.network
        make = MemorySource if self.recipe.pipeline == "memory" else StreamSource
        side = round(phase.resolution * self.resolution)
        return make(self.photographs, self.recipe, side, self.normalisation, self.seed, self.device)

    def _epoch(
        self, source: MemorySource | StreamSource, phase: Phase, bar: tqdm, limits: Limits, signals: list[int]
    ) -> None:
        """Train for the rest of one epoch."""
        order, size = epoch_order(len(self.photographs), self.seed, self.epoch), self.recipe.batch_size
        batches = [order[step * size : (step + 1) * size][self.rank :: self.world] for step in range(self.steps)]
        before = time.monotonic()
        for images, labels in source.batches(self.epoch, batches[self.step :]):
            self.totals += self._learn(images, labels)
            self.step += 1
            now = time.monotonic()
            self.seconds, self.epoch_seconds, before = (
                self.seconds + now - before,
                self.epoch_seconds + now - before,
                now,
            )
            if self.step % LOOK_EVERY == 0 or self.step == self.steps or self.device.type == "cpu":
                self._show(bar, phase)
            bar.update(phase.resolution**2)
            if self.step < self.steps:
                self._pause(limits, signals)
        self._end_epoch(phase)
        if self.epoch < self.recipe.epochs:
            self._pause(limits, signals)

    def _learn(self, images: Tensor, labels: Tensor) -> Tensor:
        """Do one step; return the number of images, their summed loss, and how many answers are the label or the teacher's."""
        number = number_of(self.seed, self.epoch, self.step)
        torch.manual_seed(number_of(number, self.rank))
        images, others, own = mix(images, labels, self.recipe, np.random.default_rng(number))
        answers = self.teacher(images) if self.teacher else None
        set_rates(self.optimiser, rate_factor(self.recipe, self.epoch + self.step / self.steps))
        self.optimiser.zero_grad(set_to_none=True)
        loss, right = torch.zeros(2, device=self.device)
        for rows in torch.arange(len(images)).split(self.recipe.micro_batch or len(images)):
            with torch.autocast(self.device.type, torch.bfloat16, enabled=has_bfloat16(self.device)):
                logits = self.forward(images[rows])
            logits = logits.float()
            part = (
                answers_loss(logits, answers[rows])
                if answers is not None
                else labels_loss(logits, labels[rows], others[rows], own, self.recipe.label_smoothing)
            )
            (part * (len(rows) / len(images))).backward()
            wanted = labels[rows] if answers is None else answers[rows].argmax(1)
            loss += part.detach() * len(rows)
            right += (logits.argmax(1) == wanted).sum()
        if self.recipe.clip_norm:
            nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip_norm)
        self.optimiser.step()
        if self.average:
            self.average.update(self.network, math.exp(-1 / (self.recipe.ema_epochs * self.steps)))
        return torch.stack([torch.full((), len(labels), device=self.device), loss, right])

    def _end_epoch(self, phase: Phase) -> None:
        images, loss, right = self.totals.tolist()
        pixels = round(phase.resolution * self.resolution)
        rate = images * self.world / max(self.epoch_seconds, 1e-9)
        record = {"epoch": self.epoch, "pixels": pixels, "loss": loss / images, "accuracy": right / images}
        self.epoch, self.step = self.epoch + 1, 0
        self.log({**record, "images_per_second": rate, "seconds": self.seconds})
        self.totals.zero_()
        self.epoch_seconds = 0.0

    def _pause(self, limits: Limits, signals: list[int]) -> None:
        """Between two steps: stop if that is wanted, save if that is due."""
        if (self.world == 1 or self.step % LOOK_EVERY == 0) and (wanted := self._wanted(limits, signals)):
            self._save()
            self.log({"event": "stopped", "epoch": self.epoch, "step": self.step})
            raise Stopped(max(wanted - 1, 0))
        due = 60 * limits.save_minutes
        if time.monotonic() - self._saved_at > (due if self.step else min(due, SHORT_EPOCH)):
            self._save()

    def _wanted(self, limits: Limits, signals: list[int]) -> int:
        """0: go on; 1: the time is up; 1 + n: signal n came. All processes get the same answer."""
        wanted = 1 + signals[0] if signals else int(time.monotonic() > limits.end)
        if self.world == 1:
            return wanted
        answer = torch.tensor(wanted, device=self.device)
        dist.all_reduce(answer, dist.ReduceOp.MAX)
        return int(answer)

    def _save(self) -> None:
        if self.rank:
            return
        position = {
            "epoch": self.epoch,
            "step": self.step,
            "seconds": self.seconds,
            "epoch_seconds": self.epoch_seconds,
        }
        average = {"tensors": self.average.tensors, "updates": self.average.updates} if self.average else None
        content = io.BytesIO()
        torch.save(
            {
                "identity": self.identity,
                "position": position,
                "totals": self.totals,
                "network": self.network.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "average": average,
            },
            content,
        )
        with kept_on_error(self.state_path), atomic_write(self.state_path) as file:
            file.write(content.getbuffer())
        self._saved_at = time.monotonic()

    def _load(self) -> None:
        """Resume from the saved state, if there is one and it belongs to this training."""
        if not self.state_path.is_file():
            self.log({"event": "started"})
            return
        try:
            state = torch.load(self.state_path, map_location="cpu", weights_only=True)
            identity = state["identity"]
        except Exception as error:  # a damaged file raises one of many types
            raise ValueError(f"{self.state_path} is not a training state; delete it to start over") from error
        if different := differences(identity, self.identity):
            raise ValueError(
                f"{self.state_path} belongs to another training ({'; '.join(different[:3])}); "
                "give another --out, or delete it to start over"
            )
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        if self.average:
            self.average.updates = state["average"]["updates"]
            for name, tensor in state["average"]["tensors"].items():
                self.average.tensors[name].copy_(tensor)
        vars(self).update(state["position"])
        self.totals.copy_(state["totals"])
        self.log({"event": "resumed", "epoch": self.epoch, "step": self.step})

    def _progress(self) -> tqdm:
        """A progress bar in units of full-resolution steps, so that the remaining time allows for the cost of resolution."""
        costs = [phase.resolution**2 for phase in self.recipe.phases for _ in range(phase.epochs)]
        done = self.steps * sum(costs[: self.epoch]) + self.step * [*costs, 0][self.epoch]
        form = "{desc} {percentage:3.0f}%|{bar:12}| {elapsed}, {remaining} left{postfix}"
        total = self.steps * sum(costs)
        return tqdm(total=total, initial=done, desc=self.stem.name, bar_format=form, disable=self.rank > 0)

    def _show(self, bar: tqdm, phase: Phase) -> None:
        images, loss, right = self.totals.tolist()
        rate = images * self.world / max(self.epoch_seconds, 1e-9)
        bar.set_postfix_str(
            f"epoch {self.epoch + 1}/{self.recipe.epochs} at {round(phase.resolution * self.resolution)} px, "
            f"loss {loss / images:.3f}, accuracy {right / images:.1%}, {rate:.0f} images/s",
            refresh=False,
        )

    def log(self, record: dict) -> None:
        """Append a line to ``log.jsonl``."""
        if self.rank == 0:
            with kept_on_error(self.state_path), (self.stem.parent / "log.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps({"training": self.stem.name, **record}) + "\n")
