"""The gateway: Gunicorn and Flask, or gRPC. Requests come in and replies go out here; no model is loaded."""
