"""What PaddleHub's names resolve to: base classes, transforms, tokenisers, folders."""
