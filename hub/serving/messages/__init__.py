"""The messages between the processes, typed; imported by both sides of each border. Standard library only."""
