"""Where modules and their weights live: the local registry, its transactions and the weights store."""
