"""The second backend: modules as Ray Serve applications on a cluster, behind the same gateway.

    supervisor_side   in the supervisor: the desired state, and what is known; imports nothing of Ray
    head              a Ray instance of the server's own, where no cluster is named
    agent             brings a cluster to the desired state (cluster, shipping), reports what it observes
    gateway_side      in the gateway: requests to replicas
    replica           a loaded module in a process of Ray's; executes as a runner does

Supervisor and agent exchange two files of the run dir (desired_state); gateway, agent and replicas exchange
pickled messages (replica_messages). Nothing outside this folder imports Ray, and nothing of this folder is
imported without ``"engine": "ray"``.
"""
