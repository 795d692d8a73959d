"""Stand-in: the steps of preparing an image, by name."""

from .imaug import create_operators, transform
