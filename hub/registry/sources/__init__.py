"""Where an installation comes from: a folder, an archive, an address, a name."""
