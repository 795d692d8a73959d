"""Ray as the gateway has it: the way to replicas."""
