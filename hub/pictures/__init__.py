"""The one place that turns bytes into pixels, for every way in: servers, ``hub.Module``, commands, PaddleX.

``kinds`` names a format by its content, ``decode`` reads a picture, ``documents`` the pages of a file, and
``pages`` those that somebody asked for.
"""
