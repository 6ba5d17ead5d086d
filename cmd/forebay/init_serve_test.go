package main_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fromStatic is the line of a request that the application did not answer.
var fromStatic = regexp.MustCompile(`\.css".*"source":"static"`)

// initAndCheck has forebay init write the file of a project and forebay check look at it, and returns what init said.
func initAndCheck(t *testing.T, dir string) string {
	t.Helper()
	inDir := func(args ...string) string {
		cmd := forebayCommand(t, args...)
		cmd.Dir = dir
		return run(t, cmd)
	}
	said := inDir("init")
	assert.Equal(t, "configuration is fine (forebay.toml)\n", inDir("check"))
	return said
}

// A project as Django's own command writes it, served by the file as forebay init writes it.
func TestInitServesADjangoProject(t *testing.T) {
	for version, python := range outermost(venvs(t)) {
		t.Run(version, func(t *testing.T) {
			dir := t.TempDir()
			run(t, exec.CommandContext(t.Context(), python, "-m", "django", "startproject", "mysite", dir))
			assert.Contains(t, initAndCheck(t, dir), "found a Django project: mysite.wsgi:application (WSGI_APPLICATION in mysite/settings.py)\n"+
				"note: STATIC_ROOT is not set in mysite/settings.py")

			settings := filepath.Join(dir, "mysite", "settings.py")
			text, err := os.ReadFile(settings)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(settings, append(text, "\nSTATIC_ROOT = BASE_DIR / 'collected'\n"...), 0o600))
			run(t, exec.CommandContext(t.Context(), python, filepath.Join(dir, "manage.py"), "collectstatic", "--noinput", "--verbosity", "0"))

			s := startForebay(t, "--chdir", dir, "--python", python)
			b := newBrowser(t, s.URL)
			assert.Contains(t, b.get(t, "/").Body, "The install worked successfully!")
			assert.Equal(t, http.StatusOK, b.get(t, "/static/admin/css/base.css").Status, "DEBUG or not, it is not Django that serves it")
			s.Stdout.Await(t, fromStatic)
			s.Stop()
		})
	}
}

// The Flask application of the tests, with files of its own.
func TestInitServesAFlaskApplication(t *testing.T) {
	for version, python := range outermost(venvs(t)) {
		t.Run(version, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.CopyFS(dir, os.DirFS("testdata/flask")))
			require.NoError(t, os.MkdirAll(filepath.Join(dir, "shop", "static"), 0o700))
			require.NoError(t, os.WriteFile(filepath.Join(dir, "shop", "static", "shop.css"), []byte("p {}"), 0o600))
			assert.True(t, strings.HasPrefix(initAndCheck(t, dir), "found a Flask application: shop:create_app() (shop/__init__.py)\n"))

			s := startForebay(t, "--chdir", dir, "--python", python, "-e", "SHOP_DATA="+t.TempDir())
			b := newBrowser(t, s.URL)
			assert.Equal(t, "<h1>Welcome</h1>", b.get(t, "/").Body)
			assert.Equal(t, "p {}", b.get(t, "/static/shop.css").Body)
			s.Stdout.Await(t, fromStatic)
			s.Stop()
		})
	}
}
