"""The jobs service: keeps jobs on the disk and sends their pages."""
