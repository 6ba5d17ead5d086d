# As NetBox has it: a port for the proxy on the same machine, and workers that are replaced now and then.
bind = '127.0.0.1:8001'
workers = 5
threads = 3
timeout = 120
max_requests = 5000
max_requests_jitter = 500
