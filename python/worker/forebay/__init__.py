"""The worker program of forebay: it calls one WSGI application from its threads, for a master that speaks HTTP.

It needs nothing but the standard library. It is never installed: the master sends its text to each worker process.
"""
