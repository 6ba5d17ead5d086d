package manual

// The paragraphs that help and the manual page share. Names that are typed stand between backticks.
const (
	// About says what forebay is for, and what it serves.
	About = "forebay serves a WSGI application over HTTP. MODULE is its module as Python imports it, CALLABLE the application in it " +
		"or a call that makes one: `shop.wsgi`, `shop:app`, `\"shop:create_app()\"`. Without CALLABLE it is `application`, then `app`. " +
		"Without MODULE the demo application runs."
	// Asking is about the commands for a forebay that runs.
	Asking = "`status`, `top`, `stack`, `reload` and `stop` ask a forebay that runs, by its admin listener: name that as the server has it, " +
		"by `--admin` or FOREBAY_ADMIN, or call them where its forebay.toml is. `health` ends with 0 if requests may be sent to it, else " +
		"with 1; without an admin listener it asks the first address for `/`."
	// Setting is about the other ways to say what options say.
	Setting = "Each of these options can also stand in forebay.toml or in [tool.forebay] of pyproject.toml, under its name with _ for -, " +
		"and in the environment as FOREBAY_ and that name in capitals. Options beat the environment, which beats the file. TIME is `30s`, " +
		"`1m30s` or seconds. SIZE is bytes, or `64k`, `16MiB`, `16MB`. What has no value here is true or false there: `preload = true`, " +
		"`FOREBAY_PRELOAD=true`."
)

// Row is a name with what it means.
type Row struct{ Name, Text string }

// Signals are those that a server knows.
var Signals = []Row{
	{"SIGTERM, SIGINT", "accept nothing more, let running requests end (at most `graceful_timeout`; what has not come by then is answered 503, what runs on 502), exit 0; a second one: exit at once"},
	{"SIGQUIT", "the same, but running requests get one second"},
	{"SIGHUP", "reload: read the configuration again and replace all workers"},
	{"SIGTTIN, SIGTTOU", "one worker more, one less (down to one), until the next reload"},
	{"SIGUSR2", "upgrade: the program that lies there now takes over"},
	{"SIGUSR1", "open the access log again under its name, after a tool has moved it"},
}

// Exits are the exit codes.
var Exits = []Row{
	{"0", "stopped as asked"},
	{"1", "could not start or go on: a port is taken, no usable Python; a command of the admin listener was not answered or refused; `forebay compress`: some files could not be compressed; `forebay init`: there is a file already"},
	{"2", "the command line or the configuration is wrong"},
	{"3", "the application could not be loaded; its traceback is on stderr"},
}

// files are those that forebay looks for.
var files = []Row{
	{"forebay.toml", "the configuration, looked for in the current directory, or in that of `--chdir`"},
	{"pyproject.toml", "has it in its table [tool.forebay], where there is no forebay.toml"},
	{".venv, venv", "an environment beside the application, whose Python runs it where nothing else is said"},
}

// environment are the variables that count, beside those of settings.
var environment = []Row{
	{"FOREBAY_KEY", "the setting of that name, in capitals: `FOREBAY_WORKERS=4`. Several values have commas between them. What is secret belongs here, and not on a command line: `FOREBAY_REDIS`, `FOREBAY_ADMIN_TOKEN`"},
	{"VIRTUAL_ENV", "the environment whose Python runs the application, unless forebay lies in another one or `--python` names one"},
	{"TMPDIR", "where unlinked temporary files are made without `--temp-dir`"},
	{"OTEL_EXPORTER_OTLP_ENDPOINT", "a collector of OpenTelemetry, to which spans are sent; others of its variables count as well"},
	{"GOMEMLIMIT", "the memory that forebay itself may take; else a quarter of what the cgroup allows"},
	{"NO_COLOR", "no colours on a terminal"},
	{"NOTIFY_SOCKET, WATCHDOG_USEC, LISTEN_FDS", "systemd is told of starts, reloads and stops, has its watchdog answered, and may open the sockets"},
}

// examples are command lines, each with what it does.
var examples = []Row{
	{"forebay shop:app", "serves the application `app` of shop.py on port 8000 of this machine:"},
	{"forebay --bind :80 --workers 4 --threads 8 --django mysite.wsgi", "serves a project of Django with its static files, for everybody:"},
	{"forebay --reload shop:app", "takes over what is saved, while it is written:"},
	{"forebay init", "writes a commented forebay.toml for the Django or Flask project in this directory:"},
	{"forebay check --print", "shows each setting and where it comes from:"},
	{"kill -HUP $(cat /run/forebay.pid)", "replaces all workers without losing a request:"},
	{"eval \"$(forebay completion bash)\"", "completes command lines in this bash:"},
	{"forebay schema >forebay.schema.json", "writes what editors complete and check forebay.toml by; they find it by `#:schema ./forebay.schema.json` in its first line:"},
}

// seeAlso are other pages.
var seeAlso = []string{"python3(1)", "gunicorn(1)", "nginx(8)", "systemd.service(5)", "kill(1)"}
