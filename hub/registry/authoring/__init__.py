"""For authors of modules: scaffold, convert, pack."""
