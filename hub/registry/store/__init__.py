"""How modules lie on disk: layout, transactions, locks, checksums and environments of their own."""
