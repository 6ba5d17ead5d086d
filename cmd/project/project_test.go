package project

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
)

// tree is a directory of some texts.
func tree(texts map[string]string) fstest.MapFS {
	files := fstest.MapFS{}
	for name, text := range texts {
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return files
}

const manage = "#!/usr/bin/env python\nimport os\ndef main():\n    os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'mysite.settings')\n"

func TestDjango(t *testing.T) {
	cases := map[string]struct {
		files map[string]string
		want  Project
	}{
		"as startproject writes it": {
			map[string]string{
				"manage.py": manage, "mysite/__init__.py": "", "mysite/wsgi.py": "",
				"mysite/settings.py": "STATIC_URL = 'static/'\nSTATIC_ROOT = BASE_DIR / 'static'\nWSGI_APPLICATION = \"mysite.wsgi.application\"\n",
			},
			Project{Kind: Django, App: "mysite.wsgi:application", From: "WSGI_APPLICATION in mysite/settings.py"},
		},
		"without STATIC_ROOT": {
			map[string]string{"manage.py": manage, "mysite/wsgi.py": "", "mysite/settings.py": "WSGI_APPLICATION = 'mysite.wsgi.application'"},
			Project{Kind: Django, App: "mysite.wsgi:application", From: "WSGI_APPLICATION in mysite/settings.py", Notes: []string{
				"STATIC_ROOT is not set in mysite/settings.py: static files are served from it, once it is set and manage.py collectstatic has filled it",
			}},
		},
		"uploads": {
			map[string]string{"manage.py": manage, "mysite/wsgi.py": "", "mysite/settings.py": "STATIC_ROOT = 'a'\nif not TESTING:\n    MEDIA_ROOT = 'b'"},
			Project{Kind: Django, App: "mysite.wsgi:application", From: "mysite/wsgi.py", Notes: []string{
				"MEDIA_ROOT is set in mysite/settings.py: everybody may see what is in it; if a view decides who may, take django out of the file",
			}},
		},
		"in a directory below": {
			map[string]string{"src/manage.py": manage, "src/mysite/wsgi.py": "", "src/mysite/settings.py": "STATIC_ROOT = 1\nWSGI_APPLICATION = 'mysite.wsgi.application'"},
			Project{Kind: Django, App: "mysite.wsgi:application", Chdir: "src", From: "WSGI_APPLICATION in src/mysite/settings.py"},
		},
		"settings in several files": {
			map[string]string{
				"manage.py": "import os\nos.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings.local'", "config/wsgi.py": "",
				"config/settings/__init__.py": "", "config/settings/local.py": "from .base import *  # noqa\nDEBUG = True",
				"config/settings/base.py": "from ..paths import *\nWSGI_APPLICATION = (\n'config.wsgi.application'\n)\nWSGI_APPLICATION = 'config.wsgi.application'",
				"config/paths.py":         "STATIC_ROOT = 'x'",
			},
			Project{Kind: Django, App: "config.wsgi:application", From: "WSGI_APPLICATION in config/settings/base.py"},
		},
		"settings that import each other": {
			map[string]string{"manage.py": manage, "mysite/settings.py": "from .other import *", "mysite/other.py": "from .settings import *\nSTATIC_ROOT = ''", "wsgi.py": ""},
			Project{Kind: Django, App: "wsgi:application", From: "wsgi.py"},
		},
		"an application that is not there": {
			map[string]string{"manage.py": manage, "mysite/settings.py": "STATIC_ROOT = 1\nWSGI_APPLICATION = 'other.wsgi.application'"},
			Project{Kind: Django, Notes: []string{"no wsgi.py was found for mysite.settings: django-admin startproject writes one"}},
		},
		"settings that are not there": {
			map[string]string{"manage.py": manage, "mysite/wsgi.py": ""},
			Project{Kind: Django, App: "mysite.wsgi:application", From: "mysite/wsgi.py"},
		},
		"in the place of gunicorn": {
			map[string]string{"manage.py": manage, "mysite/wsgi.py": "", "mysite/settings.py": "STATIC_ROOT = 1", "Procfile": "web: gunicorn mysite.wsgi --log-file -\n"},
			Project{Kind: Django, App: "mysite.wsgi:application", From: "mysite/wsgi.py", Gunicorn: []Trace{{"Procfile", 1, "gunicorn mysite.wsgi --log-file -"}}},
		},
		"in the place of gunicorn, for another module": {
			map[string]string{"manage.py": manage, "mysite/wsgi.py": "", "mysite/settings.py": "STATIC_ROOT = 1", "Procfile": "web: gunicorn mysite.prod:app\n"},
			Project{
				Kind: Django, App: "mysite.wsgi:application", From: "mysite/wsgi.py", Notes: []string{"Procfile:1 serves another module: mysite.prod"},
				Gunicorn: []Trace{{"Procfile", 1, "gunicorn mysite.prod:app"}},
			},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, Find(tree(c.files))) })
	}
}

func TestFlask(t *testing.T) {
	static := []Static{{"/static/", "static"}}
	cases := map[string]struct {
		files map[string]string
		want  Project
	}{
		"a module": {
			map[string]string{"app.py": "from flask import Flask\napp = Flask(__name__)\n", "static/a.css": ""},
			Project{Kind: Flask, App: "app:app", From: "app.py", Static: static},
		},
		"a module of another name": {
			map[string]string{"shop.py": "import flask\napplication: flask.Flask = flask.Flask(__name__)"},
			Project{Kind: Flask, App: "shop:application", From: "shop.py"},
		},
		"another name in it": {
			map[string]string{"shop.py": "from flask import (Flask as F,\n    g)\nshop = F(__name__)"},
			Project{Kind: Flask, App: "shop:shop", From: "shop.py"},
		},
		"the usual name before others": {
			map[string]string{"a.py": "from flask import Flask\nx = Flask(__name__)", "b.py": "from flask import Flask\napp = Flask(__name__)"},
			Project{Kind: Flask, App: "b:app", From: "b.py"},
		},
		"a factory in a package": {
			map[string]string{"shop/__init__.py": "from flask import Flask\ndef create_app(greeting='x', *, y=1, **z):\n    app = Flask(__name__)\n    return app\n", "shop/static/a.css": "", "static/b.css": ""},
			Project{Kind: Flask, App: "shop:create_app()", From: "shop/__init__.py", Static: []Static{{"/static/", "shop/static"}}},
		},
		"a factory that wants something": {
			map[string]string{"shop.py": "from flask import Flask\ndef create_app(config, debug=False, *, name) -> Flask:\n    return Flask(__name__)"},
			Project{Kind: Flask, App: "shop:create_app()", From: "shop.py", Notes: []string{
				"create_app in shop.py wants arguments (config, name): write them into the call, as shop:create_app() stands without",
			}},
		},
		"an entry that calls the factory": {
			map[string]string{"wsgi.py": "from shop import create_app\n\napplication = create_app('prod')", "shop/__init__.py": "from .factory import create_app", "shop/factory.py": "from flask import Flask\ndef create_app(c):\n    return Flask(__name__, static_url_path='/files')", "shop/static/a": ""},
			Project{Kind: Flask, App: "wsgi:application", From: "wsgi.py", Static: []Static{{"/files/", "shop/static"}}},
		},
		"an entry that imports the application": {
			map[string]string{"wsgi.py": "from shop import app as application\nif __name__ == '__main__':\n    application.run()", "shop/__init__.py": "from flask import Flask\napp = Flask(__name__)"},
			Project{Kind: Flask, App: "wsgi:application", From: "wsgi.py"},
		},
		"one that is run": {
			map[string]string{"run.py": "from shop import create_app\napp = create_app()", "shop/__init__.py": "from flask import Flask\ndef create_app():\n    return Flask('shop')"},
			Project{Kind: Flask, App: "run:app", From: "run.py"},
		},
		"below src": {
			map[string]string{"src/shop/__init__.py": "from flask import Flask\napp = Flask(__name__)", "src/shop/static/x": "", "pyproject.toml": ""},
			Project{Kind: Flask, App: "shop:app", Chdir: "src", From: "src/shop/__init__.py", Static: []Static{{"/static/", "src/shop/static"}}},
		},
		"what Flask was told": {
			map[string]string{"app.py": "from flask import Flask\napp = Flask(__name__)", "tools/web.py": "from flask import Flask\napp = Flask(__name__)\nother = Flask(__name__)", ".flaskenv": "# ours\nexport FLASK_APP='tools/web.py:other'\n"},
			Project{Kind: Flask, App: "web:other", Chdir: "tools", From: "tools/web.py"},
		},
		"what gunicorn was told": {
			map[string]string{"app.py": "from flask import Flask\napp = Flask(__name__)", "api.py": "from flask import Flask\nv2 = Flask(__name__)", "Procfile": "web: gunicorn -b 0.0.0.0:$PORT -w 4 api:v2"},
			Project{Kind: Flask, App: "api:v2", From: "api.py", Gunicorn: []Trace{{"Procfile", 1, "gunicorn -b 0.0.0.0:$PORT -w 4 api:v2"}}},
		},
		"static files elsewhere": {
			map[string]string{"web/app.py": "from flask import Flask\napp = Flask(__name__,\n    static_folder='../assets', # ours\n    static_url_path='/assets/')", "assets/x": ""},
			Project{Kind: Flask, App: "app:app", Chdir: "web", From: "web/app.py", Static: []Static{{"/assets/", "assets"}}},
		},
		"no static files": {
			map[string]string{"app.py": "from flask import Flask\napp = Flask(__name__, static_folder=None)", "static/x": ""},
			Project{Kind: Flask, App: "app:app", From: "app.py"},
		},
		"static files at the root": {
			map[string]string{"app.py": "from flask import Flask\napp = Flask(__name__, static_url_path='/')", "static/x": ""},
			Project{Kind: Flask, App: "app:app", From: "app.py"},
		},
		"static files beyond the project": {
			map[string]string{"app.py": "from flask import Flask\napp = Flask(__name__, static_folder='../x')", "x/x": ""},
			Project{Kind: Flask, App: "app:app", From: "app.py"},
		},
		"static files that are computed": {
			map[string]string{"app.py": "from flask import Flask\napp = Flask(__name__, static_folder=os.path.join('a', 'b'))", "static/x": ""},
			Project{Kind: Flask, App: "app:app", From: "app.py", Notes: []string{"what static_folder is could not be seen: name static files by [[static]]"}},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, Find(tree(c.files))) })
	}
}

func TestOtherApplications(t *testing.T) {
	cases := map[string]struct {
		files map[string]string
		want  Project
	}{
		"nothing": {nil, Project{}},
		"a wsgi.py of Django's alone": {
			map[string]string{"mysite/__init__.py": "", "mysite/wsgi.py": "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()"},
			Project{Kind: Django, App: "mysite.wsgi:application", From: "mysite/wsgi.py"},
		},
		"Bottle": {
			map[string]string{"main.py": "import bottle\napp = bottle.default_app()"},
			Project{Kind: WSGI, App: "main:app", From: "main.py"},
		},
		"any wsgi.py": {
			map[string]string{"wsgi.py": "from wrap import Wrap\napplication = Wrap(1)"},
			Project{Kind: WSGI, App: "wsgi:application", From: "wsgi.py"},
		},
		"what gunicorn serves, whatever it is": {
			map[string]string{"back/server.py": "api = make()", "start.sh": "#!/bin/sh\nexec gunicorn \\\n  --bind :80 'server:api'\n"},
			Project{Kind: WSGI, App: "server:api", Chdir: "back", From: "start.sh:3", Gunicorn: []Trace{{"start.sh", 3, "gunicorn --bind :80 'server:api'"}}},
		},
		"what is none of WSGI": {
			map[string]string{"main.py": "from fastapi import FastAPI\napp = FastAPI()", "Procfile": "web: gunicorn -k uvicorn.workers.UvicornWorker main:app"},
			Project{
				Notes:    []string{"main.py makes an application of FastAPI, which is none of WSGI: forebay does not serve it"},
				Gunicorn: []Trace{{"Procfile", 1, "gunicorn -k uvicorn.workers.UvicornWorker main:app"}},
			},
		},
		"tests, tools and environments": {
			map[string]string{
				"tests/app.py": "from flask import Flask\napp = Flask(__name__)", "test_app.py": "from flask import Flask\napp = Flask(__name__)",
				".venv/app.py": "from flask import Flask\napp = Flask(__name__)", "env/pyvenv.cfg": "", "env/app.py": "from flask import Flask\napp = Flask(__name__)",
				"manage.py": "from flask import Flask\napp = Flask(__name__)", "not-a-module.py": "from flask import Flask\napp = Flask(__name__)",
			},
			Project{},
		},
		"what only looks like one": {
			map[string]string{"app.py": "'''from flask import Flask\napp = Flask(__name__)'''\n# app = Flask(__name__)\nif x:\n    app = Flask(__name__)\nx = f\"{'app = Flask()'}\"\n"},
			Project{},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, Find(tree(c.files))) })
	}
}
