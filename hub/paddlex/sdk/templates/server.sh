#!/usr/bin/env bash
# Serve @title@ (@package@ @version@): HTTP on 8000, gRPC on 8001, metrics on 8002.
#
#   bash server.sh                                 with HubServing installed: pip install '.[grpc]' in its checkout
#   PADDLEX_HPS_DEVICE_TYPE=gpu bash server.sh     on the GPU: config_gpu.pbtxt applies instead of config_cpu.pbtxt
#   HUB_PORT=9000 HUB_GRPC_PORT= bash server.sh    another port; no gRPC
#
# What follows on the command line is handed to `hub serving start`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

export LANG=C.UTF-8
export HUB_HOST="${HUB_HOST:-0.0.0.0}"
export HUB_PORT="${HUB_PORT:-8000}"
export HUB_GRPC_PORT="${HUB_GRPC_PORT-8001}"
export HUB_METRICS_PORT="${HUB_METRICS_PORT-8002}"
export HUB_MODEL_REPO="${HUB_MODEL_REPO:-model_repo}"
export PADDLEX_HPS_PIPELINE_CONFIG_PATH="${PADDLEX_HPS_PIPELINE_CONFIG_PATH:-pipeline_config.yaml}"

if ! command -v hub >/dev/null; then
    echo "hub is not installed here: in a checkout of HubServing, pip install '.[grpc]'" >&2
    exit 1
fi
weights="@weights@"
if [ -n "$weights" ]; then
    # As PID 1 of a container, this script would not end on SIGTERM while it waits for a command.
    # shellcheck disable=SC2086 # several names
    hub weights fetch $weights &
    trap 'kill $!' TERM INT
    wait $!
fi
# The server takes this script's place, so that it gets the signals; its log goes to stdout, as containers want it.
exec hub serving start --config "$PADDLEX_HPS_PIPELINE_CONFIG_PATH" "$@" 2>&1
