"""The supervisor: the process of ``hub serving start``. It owns the sockets and starts the others."""
