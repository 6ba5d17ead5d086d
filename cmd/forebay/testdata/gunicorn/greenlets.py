# In the style of an application that waits for others most of the time.
from gunicorn.workers.ggevent import GeventWorker

bind = ["0.0.0.0:5000", "[::]:5000"]
worker_class = GeventWorker
worker_connections = 2000
workers = 4
keepalive = 75
max_requests = 1000
preload_app = True


def post_fork(server, worker):
    from psycogreen.gevent import patch_psycopg

    patch_psycopg()
