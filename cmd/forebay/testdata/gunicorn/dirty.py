# Of the newest release, with what only that has.
bind = "fd://3"
http_protocols = "h2,h1"
http2_max_concurrent_streams = 50
dirty_apps = ["shop.models:Model"]
dirty_workers = 2
control_socket = "/run/gunicorn.ctl"
dogstatsd_tags = ""
header_map = "refuse"


def on_starting(server):
    pass


def nworkers_changed(server, new_value, old_value):
    pass
