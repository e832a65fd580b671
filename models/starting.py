"""A command that is starting: Ctrl-C ends it without a traceback, in the seconds that its imports take too.

Imported before anything else. Once a command runs, ``run_command`` takes over.
"""

import os
import signal
import sys

if sys.argv[:1] == ["-m"] and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, lambda *_: os._exit(128 + signal.SIGINT))
