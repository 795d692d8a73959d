"""How an unchanged PaddleHub module is imported: its source is patched, its imports are answered."""
