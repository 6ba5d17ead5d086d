# Metrics of several processes: what a dead worker leaves is cleared away.
import os

os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", "/tmp")

bind = "0.0.0.0"
threads = int(os.environ.get("GUNICORN_THREADS", 8))
worker_class = "gthread"
statsd_host = "localhost:8125"
statsd_prefix = "shop"


def child_exit(server, worker):
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)


def worker_exit(server, worker):
    server.log.info("bye %s", worker.pid)
