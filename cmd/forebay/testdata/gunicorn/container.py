# In the style of images that are set by their environment, with lines of JSON and a directory in memory.
import json
import multiprocessing
import os

workers_per_core = float(os.getenv("WORKERS_PER_CORE", "1"))
cores = multiprocessing.cpu_count()
web_concurrency = os.getenv("WEB_CONCURRENCY", "2")
host = os.getenv("HOST", "0.0.0.0")
port = os.getenv("PORT", "8080")

loglevel = os.getenv("LOG_LEVEL", "WARNING")
workers = int(web_concurrency)
bind = f"{host}:{port}"
errorlog = os.getenv("ERROR_LOG", "-") or None
worker_tmp_dir = "/dev/shm"
accesslog = os.getenv("ACCESS_LOG", "-") or None
graceful_timeout = int(os.getenv("GRACEFUL_TIMEOUT", "120"))
timeout = int(os.getenv("TIMEOUT", "120"))
keepalive = int(os.getenv("KEEP_ALIVE", "5"))

log_data = {"loglevel": loglevel, "workers": workers, "bind": bind}
print(json.dumps(log_data))
