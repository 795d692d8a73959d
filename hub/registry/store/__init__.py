"""The store of modules on disk: layout, transactions, locks, checksums and environments of their own."""
