"""What a module is: its contract, its description and how it is loaded.

from hub.module import Module, moduleinfo, serving, runnable
"""

from hub.module.contract import Module, moduleinfo, runnable, serving

__all__ = ["Module", "moduleinfo", "runnable", "serving"]
