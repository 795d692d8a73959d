"""The process that brings a Ray cluster to the state that the supervisor desires."""
