"""Modules: their contract, their description and how they are loaded.

from hub.module import Module, moduleinfo, serving, runnable
"""

from hub.module.contract import Module, moduleinfo, runnable, serving

__all__ = ["Module", "moduleinfo", "runnable", "serving"]
