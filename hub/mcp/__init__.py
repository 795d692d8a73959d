"""``hub mcp``: the modules of a server as tools of the Model Context Protocol, in a process of its own."""
