"""The worker program of forebay: it calls one WSGI application from its threads, for a master that speaks HTTP.

It needs nothing but the standard library. The master sends its text to each worker process.

An application may import RequestTimeout from here, and nothing else.
"""


class RequestTimeout(BaseException):
    """Raised in the middle of the application when its request has run for longer than timeout allows.

    The client has had its 504 already. It is no Exception, for the reason why asyncio.CancelledError is none: a retry loop
    or a view that catches Exception is to be left, not to go on. "finally" and "with" clean up as ever, and database
    libraries that know BaseException drop a connection that was left in the middle of a statement.
    """

    def __init__(self, *args: object) -> None:
        super().__init__(*(args or ("the request has run for longer than timeout allows",)))
