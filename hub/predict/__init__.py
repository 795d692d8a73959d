"""``hub predict``: many files through a served module, or through an installed one without a server."""
