"""For all tests: Ctrl-C ends the programs that they start, however the tests themselves were started."""

from __future__ import annotations

import signal

# A shell starts what it puts into the background with SIGINT ignored, which every child inherits.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
