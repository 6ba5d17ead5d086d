# An application below a path, of which a template in the deployment made the file.
import os

command = "/srv/shop/venv/bin/gunicorn"
pythonpath = "/srv/shop, /srv/lib"
bind = "127.0.0.1:8001,unix:shop.sock"
raw_env = ["SCRIPT_NAME=/shop", "DJANGO_SETTINGS_MODULE=shop.settings"]
wsgi_app = "shop.wsgi:application"
user = 0
group = "0"
umask = 0o027
reload = os.environ.get("DEBUG") == "1"
reload_extra_files = ["templates/base.html"]
proc_name = "shop"
worker_class = "egg:meinheld#gunicorn_worker"
log_file = "gunicorn.log"
initgroups = True
wokers = 2
