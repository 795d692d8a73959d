"""Ray as the supervisor has it. Imports nothing of Ray."""
