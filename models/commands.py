"""Programs of several commands: how they are read, and how each ends, with an exit code and one sentence for an error."""

import argparse
import errno
import os
import signal
import sys
from collections.abc import Callable, Mapping

DONE, FATAL, USAGE, SOME_FAILED, DISK_FULL = range(5)
# One line of help, what adds the arguments, and what runs it.
Command = tuple[str, Callable[[argparse.ArgumentParser], None], Callable[[argparse.Namespace], int]]

NO_MEMORY = "memory is too small for this; use fewer or smaller networks and images, or another device"


def say(sentence: str) -> None:
    """Print a line for the user on standard error."""
    print(sentence, file=sys.stderr, flush=True)


def run_program(program: str, description: str, commands: Mapping[str, Command], words: list[str] | None) -> int:
    """Parse a program's command line, run its command, and return the exit code.

    Args:
        program: how it is called, such as ``python -m cam``.
        description: one sentence for its help.
        commands: by name.
        words: of the command line; None for the process's own.
    """
    parser = argparse.ArgumentParser(prog=program, description=description)
    choices = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (line, add_arguments, run) in commands.items():
        command = choices.add_parser(name, help=line, description=f"{line[0].upper()}{line[1:]}.")
        add_arguments(command)
        command.set_defaults(run=run)
    arguments = parser.parse_args(words)
    return run_command(arguments.run, arguments, f"{program} {arguments.command}")


def run_command(command: Callable[[argparse.Namespace], int], arguments: argparse.Namespace, program: str) -> int:
    """Run a command and return its exit code; an error that the user can fix becomes one sentence."""
    before = signal.signal(signal.SIGTERM, _terminate)
    if callable(signal.getsignal(signal.SIGINT)):  # a shell may start background jobs with it ignored
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        code = command(arguments)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        say(f"{program}: interrupted")
        return 128 + signal.SIGINT
    except BrokenPipeError:  # the reader of the output has closed it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except OSError as error:
        say(f"{program}: {_os_sentence(error)}")
        return DISK_FULL if error.errno in (errno.ENOSPC, errno.EDQUOT) else FATAL
    except MemoryError as error:
        say(f"{program}: {str(error) or NO_MEMORY}")
        return FATAL
    except (ValueError, TypeError, ModuleNotFoundError, RecursionError) as error:
        say(f"{program}: {str(error) or type(error).__name__}")
        return FATAL
    except RuntimeError as error:
        if not ("allocate memory" in str(error) or "out of memory" in str(error)):
            raise
        say(f"{program}: {NO_MEMORY}")
        return FATAL
    finally:
        signal.signal(signal.SIGTERM, before)


def _os_sentence(error: OSError) -> str:
    if error.strerror is None:
        return str(error)
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror[:1].lower()}{error.strerror[1:]}"


def _terminate(signum: int, _frame: object) -> None:
    raise SystemExit(128 + signum)
