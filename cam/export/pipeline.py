"""Reading, looking, rendering and recording at the same time; every queue is bounded, and a slow image delays only its batch."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice

import torch
from msgspec import UNSET

from cam.comparison import Comparison
from cam.export.items import Item
from cam.export.ledger import Done, Failed, ImageRecord
from cam.export.looking import look
from cam.export.reading import Photograph, Reader, failure
from cam.export.rendering import Rendering, render, rendering_processes
from models.engine import engine_words
from models.network import Network

READERS = 4
NO_MEMORY = "memory is too small for one image; choose fewer variants or another device"
Handler = Callable[[Future], None]
Places = list[Photograph | None]  # the places of a batch; those of images that failed, or are done, stay blank


@dataclass
class Progress:
    """How far one rank is: ``skipped`` of ``total`` images were recorded before, ``done`` and ``failed`` are new."""

    total: int
    skipped: int = 0
    done: int = 0
    failed: int = 0
    failed_before: int = 0

    @property
    def finished(self) -> int:
        return self.skipped + self.done + self.failed


@dataclass
class Batch:
    """Neighbouring photographs of the list, each in its place; ``unread`` of them are still to be read."""

    places: Places
    unread: int


class Stop(Exception):
    """Raised to end the export early; images that have been started are finished first."""


class Pipeline:
    """One rank's part of an export.

    Args:
        networks: key -> network.
        reader: decodes an image, or returns its record where no network is needed.
        batch_size: places in one forward pass; halved where memory is too small.
        inference_threads: batches that run through the networks at once, on one core each.
        workers: rendering processes.
        tell: called now and then with the progress; raises ``Stop`` to end early.
    """

    def __init__(
        self,
        networks: Mapping[str, Network],
        reader: Reader,
        batch_size: int,
        inference_threads: int,
        workers: int,
        tell: Callable[[Progress], None],
    ):
        self.networks, self.reader, self.ledger = networks, reader, reader.ledger
        self.batch_size = self.size = batch_size  # places of a batch as it is read, and of a pass as memory allows
        self.inference_threads, self.workers, self.tell = inference_threads, workers, tell
        first = next(iter(networks.values()))
        self.device, self.engine = first.device.type, engine_words(first.engine)
        self.ready: deque[Places] = deque()
        self.pending: dict[Future, Handler] = {}
        self.reading = self.waiting = self.looking = self.rendering = 0
        self.stopped = False

    def run(self, batches: Sequence[Sequence[Item]]) -> bool:
        """Export every item and record it; return True where ``tell`` stopped it, after recording what had been started.

        Args:
            batches: of at most ``batch_size`` items each. The caller fixes them, because an image's place decides its last bits.

        Raises:
            OSError: a file or the ledger cannot be written, or a rendering process was killed; what was written before is whole.
        """
        self.progress, self.todo = Progress(sum(map(len, batches))), self._places(batches)
        with self._pools():
            self._fill()
            while self.pending:
                finished, _ = wait(self.pending, timeout=0.5, return_when=FIRST_COMPLETED)
                for future in finished:
                    self.pending.pop(future)(future)
                if finished:
                    self.ledger.sync()
                try:
                    self.tell(self.progress)
                except Stop:
                    self.stopped = True
                    self._take_no_more()
                self._fill()
        return self.stopped

    def _places(self, batches: Sequence[Sequence[Item]]) -> Iterator[tuple[Batch, int, Item]]:
        for items in batches:
            batch = Batch([None] * self.batch_size, len(items))
            yield from ((batch, place, item) for place, item in enumerate(items))

    @contextmanager
    def _pools(self) -> Iterator[None]:
        with (
            rendering_processes(max(1, min(self.workers, self.progress.total))) as self.renderers,
            ThreadPoolExecutor(READERS, "reader", torch.set_num_threads, (1,)) as self.readers,
            ThreadPoolExecutor(self.inference_threads, "inference", torch.set_num_threads, (1,)) as self.inference,
        ):
            try:
                yield
            finally:
                for pool in (self.readers, self.inference):
                    pool.shutdown(wait=False, cancel_futures=True)

    def _submit(self, pool: Executor, handler: Handler, function: Callable, *arguments: object) -> None:
        self.pending[pool.submit(function, *arguments)] = handler

    def _fill(self) -> None:
        """Start as much work as there is room for: rendering limits looking, and looking limits reading."""
        while self.looking < self.inference_threads and self.rendering < 2 * self.workers + self.size and self.ready:
            places = self.ready.popleft()
            self.waiting -= sum(photograph is not None for photograph in places)
            self._look(places)
        room = self.batch_size * (self.inference_threads + 1) + READERS - self.reading - self.waiting
        for batch, place, item in islice(self.todo, max(0, room)):
            self.reading += 1
            self._submit(self.readers, partial(self._was_read, batch, place), self.reader, item)

    def _take_no_more(self) -> None:
        self.todo = iter(())
        self.ready.clear()
        for future in list(self.pending):
            future.cancel()  # cancels what has not started; what runs is finished and recorded

    # ------------------------------------------------------------------------------------------------ what has finished

    def _was_read(self, batch: Batch, place: int, future: Future) -> None:
        self.reading -= 1
        if future.cancelled():
            return
        found = future.result()
        if isinstance(found, Photograph):
            batch.places[place] = found
            self.waiting += 1
        elif found.fresh:
            self._record(found.record)
        else:
            self.progress.skipped += 1
            self.progress.failed_before += isinstance(found.record, Failed)
        batch.unread -= 1
        if not batch.unread and not self.stopped:
            self.ready.extend(self._parts(batch.places))

    def _parts(self, places: Places) -> list[Places]:
        """A batch in parts of the size that memory allows, without parts that are all blank."""
        parts = [places[start : start + self.size] for start in range(0, len(places), self.size)]
        return [part for part in parts if any(part)]

    def _look(self, places: Places) -> None:
        for part in self._parts(places):
            self.looking += 1
            self.renderers.submit(int)  # its processes start while the first networks run
            self._submit(
                self.inference, partial(self._was_looked_at, part), look, part, self.networks, self.reader.settings
            )

    def _was_looked_at(self, places: Places, future: Future) -> None:
        self.looking -= 1
        if future.cancelled():
            return
        size, there = len(places), [photograph for photograph in places if photograph]
        try:
            found = future.result()
        except ValueError as error:  # one image spoils its batch: run each again, alone in its place
            if len(there) == 1:
                self._fail(there[0], error)
            else:
                for one in there:
                    self._look([photograph if photograph is one else None for photograph in places])
            return
        if found is not None:
            for photograph, comparison in zip(there, found, strict=True):
                self._render(photograph, comparison, size)
        elif size > 1:
            self.size = max(1, min(self.size, size // 2))
            self._look(places)
        else:
            self._fail(there[0], MemoryError(NO_MEMORY))

    def _render(self, photograph: Photograph, comparison: Comparison, size: int) -> None:
        self.rendering += 1
        job = Rendering(self.ledger.out, photograph.item.name, comparison, photograph.mask, self.reader.settings)
        self._submit(self.renderers, partial(self._was_rendered, photograph, size), render, job)

    def _was_rendered(self, photograph: Photograph, size: int, future: Future) -> None:
        self.rendering -= 1
        if future.cancelled():
            return
        try:
            files, rows = future.result()
        except (ValueError, MemoryError) as error:
            self._fail(photograph, error)
            return
        record = Done(
            path=photograph.item.relative,
            key=photograph.key,
            setting=self.reader.setting,
            batch=size,
            device=self.device,
            engine=self.engine,
            remark=photograph.remark or UNSET,
            files=files,
            rows=rows,
        )
        self._record(record)

    def _fail(self, photograph: Photograph, error: Exception) -> None:
        self._record(failure(photograph.item, photograph.key, self.reader.setting, error))

    def _record(self, record: ImageRecord) -> None:
        self.ledger.append(record)
        if isinstance(record, Failed):
            self.progress.failed += 1
        else:
            self.progress.done += 1
