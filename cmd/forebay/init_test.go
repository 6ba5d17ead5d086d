package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/cmd/project"
	"forebay/config"
)

// enterProject makes files in a directory, and goes there.
func enterProject(t *testing.T, files map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range files {
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	}
}

// command runs a command that does not serve, in the current directory.
func command(args ...string) outcome {
	var stdout, stderr bytes.Buffer
	code := run(args, nil, &stdout, &stderr)
	return outcome{code, stdout.String(), stderr.String()}
}

var (
	flaskProject = map[string]string{
		"src/shop/__init__.py": "from flask import Flask\ndef create_app():\n    return Flask(__name__)\n", "src/shop/static/shop.css": "",
		"Procfile": "web: gunicorn --chdir src -w 4 'shop:create_app()'\n", "gunicorn.conf.py": "",
	}
	djangoProject = map[string]string{
		"manage.py":          "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'mysite.settings')",
		"mysite/settings.py": "WSGI_APPLICATION = 'mysite.wsgi.application'\nSTATIC_ROOT = 'static'", "mysite/wsgi.py": "",
	}
)

func TestInitTellsWhatItFound(t *testing.T) {
	enterProject(t, flaskProject)
	assert.Equal(t, outcome{exitOK, `found a Flask application: shop:create_app() (src/shop/__init__.py)
note: gunicorn.conf.py is not read unless it is named: from_gunicorn in the file, and forebay check --print shows what counts
note: Procfile:1 starts gunicorn, and forebay can take its place: most options are the same, and beat the file: forebay --chdir src -w 4 'shop:create_app()'
wrote forebay.toml; there, forebay check looks at it, and forebay alone serves by it
`, ""}, command("init"))
	text, err := os.ReadFile("forebay.toml")
	require.NoError(t, err)
	for _, want := range []string{
		"\napp = \"shop:create_app()\"\n", "\nchdir = \"src\"\n", "\n#from_gunicorn = \"gunicorn.conf.py\"\n", "\n#workers = 0\n",
		"\n[[static]]\nprefix = \"/static/\"\ndir = \"src/shop/static\"\n",
	} {
		assert.Contains(t, string(text), want)
	}
	assert.NotContains(t, string(text), "django")
	got := command("check", "--print")
	require.Equal(t, exitOK, got.code, got.stderr)
	assert.Regexp(t, `(?m)^static +/static/=/.*/src/shop/static +forebay.toml:\d+$`, got.stdout)

	enterProject(t, djangoProject)
	got = command("init")
	assert.Equal(t, "found a Django project: mysite.wsgi:application (WSGI_APPLICATION in mysite/settings.py)\n"+
		"wrote forebay.toml; there, forebay check looks at it, and forebay alone serves by it\n", got.stdout)
	text, err = os.ReadFile("forebay.toml")
	require.NoError(t, err)
	assert.Contains(t, string(text), "\ndjango = true\n")
	assert.NotContains(t, string(text), "[[static]]", "Django's settings say it")
	assert.Equal(t, outcome{exitOK, "configuration is fine (forebay.toml)\n", ""}, command("check"))
}

func TestInitWithoutAProject(t *testing.T) {
	enterProject(t, nil)
	require.NoError(t, os.Mkdir("below", 0o755))
	assert.Equal(t, outcome{exitOK, "found neither a Django project nor a Flask application here: name yours in the file\n" +
		"wrote below/forebay.toml; there, forebay check looks at it, and forebay alone serves by it\n", ""}, command("init", "below"))
	t.Chdir("below")
	assert.Equal(t, outcome{exitOK, "configuration is fine (forebay.toml)\n", ""}, command("check"))
}

func TestInitShowsWhatItWouldWrite(t *testing.T) {
	enterProject(t, flaskProject)
	shown := command("init", "--stdout")
	require.Equal(t, exitOK, shown.code, shown.stderr)
	assert.Contains(t, shown.stderr, "found a Flask application")
	assert.Equal(t, shown, command("init", "-"))
	assert.NoFileExists(t, "forebay.toml")
	require.Equal(t, exitOK, command("init").code)
	text, err := os.ReadFile("forebay.toml")
	require.NoError(t, err)
	assert.Equal(t, shown.stdout, string(text))
}

func TestInitOverwritesNothing(t *testing.T) {
	enterProject(t, map[string]string{"forebay.toml": "# mine\n"})
	assert.Equal(t, outcome{exitStart, "", "forebay: forebay.toml is there already: --force replaces it\n"}, command("init"))
	text, err := os.ReadFile("forebay.toml")
	require.NoError(t, err)
	assert.Equal(t, "# mine\n", string(text))
	assert.Equal(t, exitOK, command("init", "--force").code)
	text, err = os.ReadFile("forebay.toml")
	require.NoError(t, err)
	assert.Contains(t, string(text), "Made by forebay init.")
}

func TestInitHidesNoOtherFile(t *testing.T) {
	enterProject(t, map[string]string{"pyproject.toml": "[tool.forebay]\nworkers = 2\n"})
	assert.Equal(t, outcome{exitStart, "", "forebay: pyproject.toml has [tool.forebay], which is not read where there is a forebay.toml: " +
		"--force writes one all the same\n"}, command("init"))
	assert.NoFileExists(t, "forebay.toml")
	assert.Equal(t, exitOK, command("init", "--force").code)

	enterProject(t, map[string]string{"pyproject.toml": "[project]\nname = 'shop'\n"})
	assert.Equal(t, exitOK, command("init").code)
}

func TestInitOfNoDirectory(t *testing.T) {
	enterProject(t, map[string]string{"a.py": ""})
	assert.Equal(t, outcome{exitStart, "", "forebay: look at the project: a.py: want a directory\n"}, command("init", "a.py"))
	assert.Equal(t, outcome{exitStart, "", "forebay: look at the project: stat b: no such file or directory\n"}, command("init", "b"))
}

// TestDraftsSayTheDefaults: whoever takes the comment signs away changes nothing.
func TestDraftsSayTheDefaults(t *testing.T) {
	text, _, _ := strings.Cut(draft(project.Project{}), "\n#[[")
	enterProject(t, map[string]string{"forebay.toml": regexp.MustCompile(`(?m)^#(\w+ = )`).ReplaceAllString(text, "$1")})
	dir, err := os.Getwd()
	require.NoError(t, err)
	reading, err := config.Read(config.Sources{Dir: dir})
	require.NoError(t, err)
	assert.Len(t, reading.Origins, len(usualSettings)+1, "each has a line")
	want := config.Default()
	want.App.Spec = "shop:app"
	for _, setting := range config.Settings {
		assert.Equal(t, setting.Value(want), setting.Value(reading.Config), setting.Key)
	}
}

func TestLinesOfADraftAreShort(t *testing.T) {
	for line := range strings.Lines(draft(project.Project{Kind: project.Django, App: "a:b", From: "WSGI_APPLICATION in c.py"})) {
		assert.LessOrEqual(t, len(line), draftWidth+1, line)
	}
}
