"""Measurements: ``python -m benchmarks [PART …]``. Nothing here is imported by the package."""
