# With a log of its own, and gunicorn's name taken out of answers.
import gunicorn
from gunicorn import glogging

gunicorn.SERVER_SOFTWARE = "web"


class Logger(glogging.Logger):
    def setup(self, cfg):
        super().setup(cfg)


logger_class = Logger
logconfig_dict = {"version": 1, "disable_existing_loggers": False, "handlers": {}}
access_log_format = '%({x-forwarded-for}i)s %(l)s "%(r)s" %(s)s %({wsgi.url_scheme}e)s'
accesslog = None
loglevel = "critical"
