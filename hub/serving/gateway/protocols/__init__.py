"""One file per wire format: each translates to one internal request and back, and nothing else."""
