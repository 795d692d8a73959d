"""The second engine: modules as Ray Serve applications on a cluster, behind the same gateway.

    [1] engine, fleet        the supervisor's side: what is wanted, and what is known; imports nothing of Ray
    [head]                   a Ray instance of the server's own, where no cluster is named
    [agent]                  brings a cluster to what is wanted (cluster, shipping), reports what it sees
    [2] dispatcher, callers  the gateway's side: requests to replicas
    [3] replica              a loaded module in a process of Ray's; executes as a runner does

Supervisor and agent speak through two files of the run dir (exchange). Nothing outside this folder imports
Ray, and of this folder only the options of config.json are imported unless the engine is ``ray``.
"""
