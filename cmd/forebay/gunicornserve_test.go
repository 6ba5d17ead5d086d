package main_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// gunicornsSite is a file of gunicorn's for an application that tells what it was given. Its hooks are for gunicorn, which
// is not installed; pip has left its logger behind.
const gunicornsSite = `
from gunicorn import glogging

class Logger(glogging.Logger):
    pass

wsgi_app = "site_of_gunicorn:app"
workers = 1
threads = 3
bind = "127.0.0.1:1"
certfile = "site.pem"
logger_class = Logger
raw_env = ["GREETING=hello", "SCRIPT_NAME=/shop"]

def post_fork(server, worker):
    server.log.info("spawned %s of %d", worker.pid, server.num_workers)

def pre_fork(server, worker):
    pass
`

const siteOfGunicorn = `
import os
def app(environ, start_response):
    start_response("200 OK", [])
    return [f"{os.environ['GREETING']} {environ['SCRIPT_NAME']} {environ['forebay.workers']}x{environ['forebay.threads']}".encode()]
`

func TestServesAsGunicornsFileSays(t *testing.T) {
	dir := t.TempDir()
	conf := filepath.Join(dir, "gunicorn.conf.py")
	write := func(more string) {
		require.NoError(t, os.WriteFile(conf, []byte(gunicornsSite+more), 0o600))
	}
	write("")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "site_of_gunicorn.py"), []byte(siteOfGunicorn), 0o600))
	s := startForebay(t, "--from-gunicorn", conf, "--chdir", dir) // the command line's --bind beats that of the file
	assert.Equal(t, reply{200, "hello /shop 1x3", nil}, await(t, begin(s.URL+"/shop/")))
	s.Stderr.Await(t, regexp.MustCompile(`\] INFO spawned \d+ of 1\n`))
	said := s.Stderr.String()
	assert.Regexp(t, `WARN  setting of gunicorn's to be looked at setting=certfile place=\S*gunicorn.conf.py:11 reason="TLS is not available in this version"\n`, said)
	assert.Regexp(t, `INFO  settings of gunicorn's are ignored, forebay check says why file=\S*gunicorn.conf.py settings="certfile logger_class pre_fork"\n`, said)

	write("threads = 2\n")
	s.reload(1)
	assert.Equal(t, reply{200, "hello /shop 1x2", nil}, await(t, begin(s.URL+"/shop/")))

	write("threads = -1\n")
	assert.Contains(t, s.refusal(1), "gunicorn.conf.py:20: threads: want 1 or more, not -1")
	write("1 / 0\n")
	assert.Contains(t, s.refusal(2), "gunicorn.conf.py:20: ZeroDivisionError: division by zero")
	assert.Equal(t, reply{200, "hello /shop 1x2", nil}, await(t, begin(s.URL+"/shop/")))
	s.Stop()
}

// In a container somebody asks every few seconds, and the file may be slow, or need what only the server has.
func TestGunicornsFileIsNotRunToAskHowTheServerIs(t *testing.T) {
	dir := t.TempDir()
	run := filepath.Join(dir, "run")
	conf := filepath.Join(dir, "conf.py")
	require.NoError(t, os.WriteFile(conf, []byte("open("+strconv.Quote(run)+", 'a').write('x')\nbind = 'unix:"+filepath.Join(dir, "a.sock")+"'\n"), 0o600))
	_, err := forebayCommand(t, "health", "--from-gunicorn", conf, "--admin", "unix:"+filepath.Join(dir, "admin.sock")).CombinedOutput()
	require.Error(t, err)
	assert.NoFileExists(t, run)
	out, err := forebayCommand(t, "health", "--from-gunicorn", conf).CombinedOutput()
	require.Error(t, err)
	assert.Contains(t, string(out), "a.sock", "the address that it would be asked at")
	assert.FileExists(t, run)
}
