"""How a request reaches a module.

[1] supervisor → starts and watches → [2] gateway (Gunicorn, Flask) and [3] runners (module copies).
Each file's first line names the process it runs in.
"""
