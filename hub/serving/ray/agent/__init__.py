"""The process that brings a Ray cluster to what the supervisor wants."""
