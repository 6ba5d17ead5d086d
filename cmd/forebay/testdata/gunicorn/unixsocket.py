# As tutorials for a single machine with systemd and nginx have it.
bind = "unix:/run/gunicorn.sock"
workers = 3
accesslog = "-"
