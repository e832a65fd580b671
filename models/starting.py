"""Ctrl-C ends a command without a traceback, even during the seconds that its imports take.

This module is imported before anything else. Once the command runs, ``run_command`` takes over.
"""

import os
import signal
import sys

if sys.argv[:1] == ["-m"] and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, lambda *_: os._exit(128 + signal.SIGINT))
