package project

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTracesOfGunicorn(t *testing.T) {
	cases := map[string]struct {
		name, text string
		want       []Trace
	}{
		"a Procfile":           {"Procfile", "release: python manage.py migrate\nweb: gunicorn shop:app -w 4\n", []Trace{{"Procfile", 2, "gunicorn shop:app -w 4"}}},
		"a list of words":      {"Dockerfile", "FROM python\nCMD [\"gunicorn\", \"-b\", \":80\", \"shop:app\"]\n", []Trace{{"Dockerfile", 2, `gunicorn", "-b", ":80", "shop:app"]`}}},
		"by its path":          {"shop.service", "[Service]\r\nExecStart=/srv/venv/bin/gunicorn shop:app\r\n", []Trace{{"shop.service", 2, "gunicorn shop:app"}}},
		"a container's":        {"compose.yaml", "services:\n  web:\n    command: gunicorn shop:app\n", []Trace{{"compose.yaml", 3, "gunicorn shop:app"}}},
		"its configuration":    {"gunicorn.conf.py", "workers = 4", []Trace{{File: "gunicorn.conf.py"}}},
		"what installs it":     {"Dockerfile", "RUN pip install gunicorn flask\nRUN apt-get install -y gunicorn nginx\n", nil},
		"what talks of it":     {"start.sh", "# gunicorn was here\necho not-gunicorn is\n", nil},
		"what starts nothing":  {"README.md", "gunicorn shop:app", nil},
		"another program":      {"Procfile", "web: forebay shop:app", nil},
		"its name as a prefix": {"Procfile", "web: gunicorn-supervisor shop:app", nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, findGunicorn(tree(map[string]string{c.name: c.text}))) })
	}
}

func TestApplicationsOnGunicornsCommandLine(t *testing.T) {
	cases := map[string]struct {
		command, module, callable string
	}{
		"with its callable":     {"gunicorn -w 4 shop.web:app --threads 2", "shop.web", "app"},
		"a factory":             {`gunicorn "shop:create_app()"`, "shop", "create_app()"},
		"without a callable":    {"gunicorn --bind unix:/run/x.sock mysite.wsgi", "mysite.wsgi", ""},
		"not an address":        {"gunicorn -b localhost:8000 shop:app", "shop", "app"},
		"in a list":             {`gunicorn", "-b", "0.0.0.0:80", "shop:app"]`, "shop", "app"},
		"nothing to be sure of": {"gunicorn --config x.py", "", ""},
		"none of WSGI":          {"gunicorn -k uvicorn.workers.UvicornWorker shop:app", "", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			said, found := appOf([]Trace{{"Procfile", 1, c.command}})
			assert.Equal(t, c.module != "", found)
			assert.Equal(t, c.module, said.module)
			assert.Equal(t, c.callable, said.callable)
		})
	}
}
