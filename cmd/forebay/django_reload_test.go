package main_test

import (
	"bytes"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// leastDjango is the least that is a Django project.
var leastDjango = map[string]string{
	"settings.py": "SECRET_KEY = 'x'\nALLOWED_HOSTS = ['*']\nROOT_URLCONF = 'urls'\nSTATIC_URL = 'first/'\nSTATIC_ROOT = 'public'\n",
	"urls.py":     "urlpatterns = []\n",
	"wsgi.py": "import os\nfrom django.core.wsgi import get_wsgi_application\n" +
		"os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'settings')\napplication = get_wsgi_application()\n",
	"public/a.txt": "alpha",
}

// newestDjango makes that project and returns it with the newest Python that has Django.
func newestDjango(t *testing.T) (python, dir string) {
	t.Helper()
	all := outermost(venvs(t))
	dir = t.TempDir()
	for name, text := range leastDjango {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return all[slices.Max(slices.Collect(maps.Keys(all)))], dir
}

func TestFilesOfDjangoFollowAReload(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("preload needs Linux")
	}
	python, dir := newestDjango(t)
	s := startForebay(t, "--python", python, "--chdir", dir, "-w", "1", "--preload", "--django", "-e", "PYTHONDONTWRITEBYTECODE=1", "wsgi")
	b := newBrowser(t, s.URL)
	assert.Equal(t, "alpha", b.get(t, "/first/a.txt").Body)
	s.Stderr.Await(t, regexp.MustCompile("static +/first/ from "+regexp.QuoteMeta(filepath.Join(dir, "public"))))

	write := func(text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "settings.py"), []byte(text), 0o600))
	}
	text := leastDjango["settings.py"]
	write(text + "STATIC_URL = 'https://cdn.example/second/'\n")
	s.Signal(syscall.SIGHUP)
	s.Stderr.Await(t, regexp.MustCompile("INFO  reloaded"))
	assert.Equal(t, "alpha", b.get(t, "/second/a.txt").Body)
	assert.Equal(t, http.StatusNotFound, b.get(t, "/first/a.txt").Status)

	write("raise KeyError('broken')")
	s.Signal(syscall.SIGHUP)
	s.Stderr.Await(t, regexp.MustCompile("reload refused"))
	assert.Equal(t, "alpha", b.get(t, "/second/a.txt").Body)
	s.Tracebacks = 1
	s.Stop()
}

func TestDjangoThatIsNone(t *testing.T) {
	python, dir := newestDjango(t)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "wsgi.py"), []byte("def application(environ, start_response): pass\n"), 0o600))
	cmd := forebayCommand(t, "-b", "127.0.0.1:0", "--python", python, "--chdir", dir, "--django", "wsgi")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	require.Error(t, cmd.Run())
	assert.Equal(t, 3, cmd.ProcessState.ExitCode())
	assert.Contains(t, stderr.String(), "django is on, and wsgi has no Django settings: ")
	assert.Contains(t, stderr.String(), "DJANGO_SETTINGS_MODULE")
}
