"""The behaviour behind PaddleHub's names: base classes, transforms, tokenisers, folders."""
