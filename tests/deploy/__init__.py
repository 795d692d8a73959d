"""What is in deploy/: run where that is possible here, else checked by what would read it."""
