"""The runner: one loaded copy of one module, which takes requests from its module's socket."""
