"""The ``hub`` command: parse, call one function, render, exit code. One file per command family.

Exit codes: 0 done, 1 failed, 2 wrong usage. Results go to stdout, everything else to stderr.
"""
