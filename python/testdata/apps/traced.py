"""Tells in which trace it was called."""


def application(environ, start_response):
    start_response("200 OK", [("Traced", environ.get("HTTP_TRACEPARENT", ""))])
    return [environ["HTTP_X_REQUEST_ID"].encode()]
