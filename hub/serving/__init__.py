"""How a request reaches a module. A file's folder is the process that it runs in.

    folder       process                      is started by        imports beside hub
    supervisor/  hub serving start            a person, systemd    the standard library
    gateway/     python -m hub.serving.gateway                     Flask, Gunicorn, prometheus_client
                 … .gateway.grpc_gateway      the supervisor       grpc
                 … .gateway.metrics_server                         prometheus_client
    jobs/        python -m hub.serving.jobs                        filelock
                 … .gateway.job_inputs        the jobs service     Werkzeug, OpenCV
    runner/      python -m hub.serving.runner                      the standard library, what the module needs
    ray/         its parts of the three, and the agent        the supervisor, Ray itself: Ray
    messages/    all of them; what passes between them, typed
    config/      all but the runners; what a person may write
    process/     all of them; logs, PID files, /proc, private folders

    message                        who writes it             who reads it
    messages/runner_spec.py        supervisor                runner
    messages/runner_status.py      runner (with manifest)    supervisor
    messages/heartbeat.py          runner                    supervisor
    messages/state.py, death.py    supervisor                gateway, metrics server, command line
    messages/wire.py               gateway, runner           runner, gateway
    messages/control.py            command line, gateway     supervisor
    messages/jobs.py               gateway, jobs service     jobs service, gateway
    messages/job_inputs.py         jobs service, its readers its readers, jobs service
    messages/jobs_dir.py           the names of files         gateway, jobs service
    process/pidfile.py             supervisor                command line

Supervisor, gateway, runner and jobs service never import each other; import-linter checks it
(pyproject.toml).
"""
