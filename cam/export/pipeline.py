"""Reading, looking, rendering and recording at once: every queue is bounded, and nothing waits for one slow image."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice

import torch

from cam import Comparison
from cam.export.items import Item
from cam.export.ledger import FAILED, OK, Record
from cam.export.looking import look
from cam.export.reading import Photograph, Reader, failure
from cam.export.rendering import Rendering, render, rendering_processes
from models.network import Network

READERS = 4
HELD_PIXELS = 200_000_000  # decoded and waiting; 600 MB, two batches of 12 megapixels each
NO_MEMORY = "memory is too small for one image; choose fewer variants or another device"
Handler = Callable[[Future], None]


@dataclass
class Progress:
    """How far one rank is: of ``total`` images ``skipped`` were done before, ``done`` and ``failed`` are new."""

    total: int
    skipped: int = 0
    done: int = 0
    failed: int = 0
    failed_before: int = 0

    @property
    def finished(self) -> int:
        return self.skipped + self.done + self.failed


class Stop(Exception):
    """The export is to end early; what has begun is finished first."""


class Pipeline:
    """One rank's part of an export.

    Args:
        networks: key -> network.
        reader: decodes images, or says that they are done.
        batch_size: images in one forward pass; halved where memory is too small.
        lookers: batches that are looked at at once, on one core each.
        workers: rendering processes.
        tell: called now and then with the progress; raises ``Stop`` to end early.
    """

    def __init__(
        self, networks: Mapping[str, Network], reader: Reader, batch_size: int, lookers: int, workers: int,
        tell: Callable[[Progress], None],
    ):  # fmt: skip
        self.networks, self.reader, self.ledger = networks, reader, reader.ledger
        self.size, self.lookers, self.workers, self.tell = batch_size, lookers, workers, tell
        self.device = next(iter(networks.values())).device.type
        self.ready: deque[Photograph] = deque()
        self.flying: dict[Future, Handler] = {}
        self.reading = self.looking = self.rendering = 0

    def run(self, items: Sequence[Item]) -> bool:
        """Export every item, each to a record. True where ``tell`` stopped it: then what had begun is finished and recorded.

        Raises:
            OSError: a file or the ledger cannot be written; what was written before is whole.
        """
        self.progress, self.todo, stopped = Progress(len(items)), iter(items), False
        with self._pools():
            self._fill()
            while self.flying:
                finished, _ = wait(self.flying, timeout=0.5, return_when=FIRST_COMPLETED)
                for future in finished:
                    self.flying.pop(future)(future)
                if finished:
                    self.ledger.sync()
                try:
                    self.tell(self.progress)
                except Stop:
                    stopped = True
                    self._take_no_more()
                self._fill()
        return stopped

    @contextmanager
    def _pools(self) -> Iterator[None]:
        with (
            rendering_processes(self.workers) as self.renderers,
            ThreadPoolExecutor(READERS, "reader", torch.set_num_threads, (1,)) as self.readers,
            ThreadPoolExecutor(self.lookers, "looker", torch.set_num_threads, (1,)) as self.watchers,
        ):
            try:
                yield
            finally:
                for pool in (self.readers, self.watchers):
                    pool.shutdown(wait=False, cancel_futures=True)

    def _fly(self, pool: Executor, handler: Handler, function: Callable, *arguments: object) -> None:
        self.flying[pool.submit(function, *arguments)] = handler

    def _fill(self) -> None:
        """Start what there is room for: rendering bounds looking, looking bounds reading."""
        while self.looking < self.lookers and self.rendering < 2 * self.workers + self.size and self._enough():
            batch = [self.ready.popleft() for _ in range(min(self.size, len(self.ready)))]
            self._look(batch)
        pixels = sum(photograph.picture.width * photograph.picture.height for photograph in self.ready)
        room = self.size * (self.lookers + 1) + READERS - self.reading - len(self.ready)
        if pixels < HELD_PIXELS:
            for item in islice(self.todo, max(0, room)):
                self.reading += 1
                self._fly(self.readers, self._was_read, self.reader, item)

    def _enough(self) -> bool:
        """A full batch is ready; or a part of one, and the networks would be idle until a slow image is read."""
        return len(self.ready) >= self.size or (bool(self.ready) and not self.looking and self.reading < READERS)

    def _take_no_more(self) -> None:
        self.todo = iter(())
        self.ready.clear()
        for future in list(self.flying):
            if self.flying[future] == self._was_read:
                future.cancel()

    # ------------------------------------------------------------------------------------------------ what has finished

    def _was_read(self, future: Future) -> None:
        self.reading -= 1
        if future.cancelled():
            return
        found = future.result()
        if isinstance(found, Photograph):
            self.ready.append(found)
        elif found.fresh:
            self._record(found.record)
        else:
            self.progress.skipped += 1
            self.progress.failed_before += found.record["status"] == FAILED

    def _look(self, batch: list[Photograph]) -> None:
        self.looking += 1
        size = self.size
        done: Handler = lambda future: self._was_looked_at(batch, size, future)  # noqa: E731
        self._fly(self.watchers, done, look, batch, self.networks, self.reader.settings, size)

    def _was_looked_at(self, batch: list[Photograph], size: int, future: Future) -> None:
        self.looking -= 1
        try:
            found = future.result()
        except ValueError as error:  # one image spoils its batch
            if len(batch) == 1:
                self._fail(batch[0], error)
            for photograph in batch if len(batch) > 1 else []:
                self._look([photograph])
            return
        if found is not None:
            for photograph, comparison in zip(batch, found, strict=True):
                self._render(photograph, comparison, size)
        elif size > 1:
            self.size = max(1, min(self.size, size // 2))
            self.ready.extendleft(reversed(batch))
        else:
            self._fail(batch[0], MemoryError(NO_MEMORY))

    def _render(self, photograph: Photograph, comparison: Comparison, size: int) -> None:
        self.rendering += 1
        reader, item = self.reader, photograph.item
        job = Rendering(self.ledger.out, item.name, comparison, photograph.mask, reader.settings)
        record = {
            "path": item.relative, "key": photograph.key, "setting": reader.setting, "status": OK,
            "batch": size, "device": self.device,
        }  # fmt: skip
        if photograph.remark:
            record["remark"] = photograph.remark
        self._fly(self.renderers, lambda future: self._was_rendered(photograph, record, future), render, job)

    def _was_rendered(self, photograph: Photograph, record: Record, future: Future) -> None:
        self.rendering -= 1
        try:
            files, rows = future.result()
        except BrokenProcessPool as error:
            raise ChildProcessError(
                "a rendering process was killed, perhaps because memory is full; try --workers 1, it goes on from here"
            ) from error
        except (ValueError, MemoryError) as error:
            self._fail(photograph, error)
        else:
            self._record({**record, "files": files, "rows": rows})

    def _fail(self, photograph: Photograph, error: Exception) -> None:
        self._record(failure(photograph.item, photograph.key, self.reader.setting, error))

    def _record(self, record: Record) -> None:
        self.ledger.append(record)
        if record["status"] == FAILED:
            self.progress.failed += 1
        else:
            self.progress.done += 1
