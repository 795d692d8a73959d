"""The gateway's way to replicas."""
