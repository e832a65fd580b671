"""Read untrusted pickles in a separate process with limits on memory and time, and write them as safetensors.

The scan before unpickling refuses everything that is known to take much memory or time. What is not known must not stop a
server that many people use either: the system kills ``python -m models.checkpoints.apart IN OUT`` instead.
"""

import subprocess
import sys
import time
from pathlib import Path

import safetensors.torch

from models.checkpoints.key_styles import network_in
from models.checkpoints.recognition import check_plain
from models.checkpoints.weight_files import SAFETENSORS, CheckpointError, printable, read_weights
from models.files import atomic_write
from models.graphs.names import SUFFIX

try:
    import resource
except ImportError:  # Windows: time alone is limited
    resource = None  # type: ignore[assignment]

MEMORY, PROCESSOR, PATIENCE = 4 << 30, 60, 120  # bytes; seconds of processor time, and in all
ROOT = Path(__file__).parents[2]
REFUSED = 3  # exit code where a sentence says why
TOO_MUCH = "reading it takes more memory or time than it may; save its state_dict() as .safetensors"


def unpickled_apart(path: Path, out: Path) -> None:
    """Write the tensors of a pickled checkpoint's network as safetensors, under the same names.

    Raises:
        CheckpointError: ``read_weights`` refuses the file, or reading it takes more memory or time than allowed.
        OSError: ``out`` cannot be written.
    """
    command = [sys.executable, "-m", __name__, str(path.resolve()), str(out.resolve())]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired as error:
        raise CheckpointError(TOO_MUCH) from error
    words = done.stderr.strip().splitlines()
    if done.returncode == REFUSED and words:
        raise CheckpointError(printable(words[-1], 600))
    if done.returncode or not out.is_file():
        raise CheckpointError(TOO_MUCH)


def main(words: list[str]) -> int:
    """Read IN and write OUT within the limits; return an exit code, and print a sentence where IN is refused."""
    path, out = map(Path, words)
    _limit()
    try:
        content, _ = read_weights(path)
        tensors, _, _ = network_in(content, None)
        check_plain(tensors, path.stat().st_size)
        packed = safetensors.torch.save(
            {name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}
        )
        with atomic_write(out) as file:
            file.write(packed)
    except CheckpointError as error:
        print(error, file=sys.stderr)
        return REFUSED
    return 0


def _limit() -> None:
    if resource is not None:
        seconds = int(time.process_time()) + PROCESSOR
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def is_pickled(path: Path) -> bool:
    """Whether reading the file means unpickling it: whether its ending is neither that of safetensors nor of ONNX."""
    return path.suffix.lower() not in (SAFETENSORS, SUFFIX)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
