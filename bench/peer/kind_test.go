package peer

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEveryPeerHasItsSize makes the commands of all peers that one command starts.
func TestEveryPeerHasItsSize(t *testing.T) {
	kit := Kit{Root: "/src", Temp: "/tmp/bench", Python: "/venv/bin/python", Workers: 3, Threads: 5}
	scenario := Scenario{App: "plain:rows", Dir: "/tmp/apps"}
	cases := map[string]string{
		"uwsgi":            "/venv/bin/uwsgi --master --processes 3 --threads 5",
		"granian":          "--workers 3 --working-dir /tmp/apps --blocking-threads 5",
		"granian-defaults": "/venv/bin/granian --interface wsgi --host 127.0.0.1 --port 7001 --workers 3 --working-dir /tmp/apps plain:rows",
		"waitress":         "/venv/bin/python /src/bench/apps/prefork.py waitress /tmp/apps plain:rows 127.0.0.1 7001 3 5",
		"cheroot":          "prefork.py cheroot /tmp/apps plain:rows 127.0.0.1 7001 3 5",
		"bjoern":           "prefork.py bjoern /tmp/apps plain:rows 127.0.0.1 7001 3 5",
		"fastwsgi":         "prefork.py fastwsgi /tmp/apps plain:rows 127.0.0.1 7001 3 5",
		"mod_wsgi":         "--callable-object rows --host 127.0.0.1 --port 7001 --processes 3 --threads 5",
	}
	for name, want := range cases {
		one, ok := New(name, kit).(*single)
		require.True(t, ok, name)
		command := strings.Join(one.command(kit, "/tmp/bench/x", "127.0.0.1:7001", scenario), " ")
		assert.Contains(t, command, want, name)
		assert.NotContains(t, command, "/static", name)
		assert.NotEmpty(t, one.notes, name)
	}
}

func TestWhoServesFilesIsToldWhere(t *testing.T) {
	kit := Kit{Python: "/venv/bin/python", Workers: 1, Threads: 1}
	scenario := Scenario{App: "hello:application", Files: "/tmp/files"}
	for _, name := range Names() {
		text := ""
		switch one := New(name, kit).(type) {
		case *single:
			text = strings.Join(one.command(kit, "/tmp", "127.0.0.1:7001", scenario), " ")
		case *Forebay:
			text = strings.Join(one.command(scenario), " ")
		case *NginxGunicorn, *NginxUWSGI:
			var err error
			text, err = front{Address: "127.0.0.1:7001"}.config(kit, scenario)
			require.NoError(t, err)
		}
		assert.Equal(t, ServesFiles(name), strings.Contains(text, "/tmp/files"), name)
	}
}

func TestNginxSpeaksTheProtocolOfItsApplicationServer(t *testing.T) {
	text, err := front{Address: "127.0.0.1:1", Socket: "/tmp/u.sock", UWSGI: true, Tuned: true}.config(Kit{}, Hello)
	require.NoError(t, err)
	for _, setting := range []string{"include uwsgi_params;", "uwsgi_pass app;", "server unix:/tmp/u.sock"} {
		assert.Contains(t, text, setting)
	}
	for _, setting := range []string{"proxy_pass", "keepalive 64;", "location /static/"} {
		assert.NotContains(t, text, setting)
	}
}

func TestPackagesAreThoseOfTheChosen(t *testing.T) {
	choice := Choice{Peers: []string{"forebay", "uwsgi", "nginx+uwsgi", "gunicorn"}, Packages: []Package{{Name: "Flask"}, {Name: "Flask"}, {Name: "gunicorn"}}}
	var names []string
	for _, p := range choice.packages() {
		names = append(names, p.Name)
	}
	assert.Equal(t, []string{"pyuwsgi", "gunicorn", "Flask"}, names)
	assert.Equal(t, []string{"uwsgi", "nginx+uwsgi"}, choice.needing(uwsgi))
	assert.Equal(t, []string{"gunicorn", "gunicorn"}, choice.needing(gunicorn), "the peer, and the application")
	assert.Equal(t, []string{"Flask"}, choice.needing(Package{Name: "Flask"}))
}

func TestWhatIsMissingIsLeftOutByName(t *testing.T) {
	kit := Kit{Root: "/src", Temp: "/tmp/x", Missing: map[string]string{}}
	require.ErrorIs(t, kit.miss(Choice{}, "bjoern", errPeer), errPeer, "all that is asked for is needed")
	require.NoError(t, kit.miss(Choice{Lenient: true}, "bjoern", errors.New("build in /src/.cache: no\nmore")))
	assert.Equal(t, "build in .cache: no", kit.Missing["bjoern"])
	assert.Equal(t, []string{"forebay"}, kit.Present([]string{"forebay", "bjoern"}))
}

func TestNothingIsInstalledOffline(t *testing.T) {
	nothing := Package{Name: "no-such-package", Module: "no_such_package"}
	err := nothing.provide(t.Context(), "python3", true)
	require.EqualError(t, err, "no-such-package is not installed")
	require.NoError(t, Package{Name: "json"}.provide(t.Context(), "python3", true), "it can be imported")
	_, err = findTool(t.Context(), "no-such-tool", true)
	assert.EqualError(t, err, "no-such-tool is not installed")
}

func TestThePostedIsSent(t *testing.T) {
	peer := serve(t, echo)
	require.NoError(t, Ask(t.Context(), peer.URL(), Scenario{Path: "/x", Post: "tea", Body: "POST /x tea"}))
	require.NoError(t, Ask(t.Context(), peer.URL(), Scenario{Path: "/x", Body: "GET /x "}))
}

func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	_, _ = io.WriteString(w, r.Method+" "+r.URL.Path+" "+string(body)) //nolint:gosec // no browser reads it
}
