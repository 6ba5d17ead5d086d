"""Gives processes to servers that have none of their own: forks, as their documentation advises, and runs one in each.

    prefork.py SERVER DIR MODULE:CALLABLE HOST PORT PROCESSES THREADS
"""

import importlib
import os
import signal
import socket
import sys

BACKLOG = 1024
MOST_CONNECTIONS = 4096


def listening(host, port):
    """A socket for all processes."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((host, port))
    sock.listen(BACKLOG)
    sock.setblocking(False)  # who comes late to a connection that another process has taken must not wait for the next
    return sock


def waitress(host, port, threads):
    from waitress import create_server

    sock = listening(host, port)
    return lambda application: create_server(
        application, sockets=[sock], threads=threads, connection_limit=MOST_CONNECTIONS, backlog=BACKLOG, asyncore_use_poll=True,
    ).run()


def cheroot(host, port, threads):
    from cheroot import wsgi

    def run(application):
        server = wsgi.Server((host, port), application, numthreads=threads, request_queue_size=BACKLOG, reuse_port=True)
        server.keep_alive_conn_limit = MOST_CONNECTIONS
        server.start()

    return run


def bjoern(host, port, threads):
    import bjoern as server

    sock = listening(host, port)
    return lambda application: server.server_run(sock, application)


def fastwsgi(host, port, threads):
    import fastwsgi as server

    def run(application):
        server.server.backlog = BACKLOG
        server.server.tcp_nodelay = 1
        server.run(application, host, port)

    return run


def main():
    name, directory, app, host, port, processes, threads = sys.argv[1:]
    run = {"waitress": waitress, "cheroot": cheroot, "bjoern": bjoern, "fastwsgi": fastwsgi}[name](host, int(port), int(threads))
    sys.path.insert(0, directory)
    children = []
    for _ in range(int(processes)):
        child = os.fork()
        if child == 0:
            module, callable_name = app.split(":")
            run(getattr(importlib.import_module(module), callable_name))
            os._exit(1)
        children.append(child)

    def stop(*_):
        for child in children:
            os.kill(child, signal.SIGKILL)
        os._exit(0)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    os.wait()  # none of them is to end
    stop()


main()
