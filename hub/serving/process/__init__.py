"""What any process of a server needs of the operating system: logs, PID files, ``/proc``, private folders."""
