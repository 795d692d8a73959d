"""The operating system, as any process of a server needs it: logs, PID files, ``/proc``, private folders."""
