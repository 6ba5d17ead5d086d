package nginx

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
)

// drafted is what comes of the directives of a server, with ROOT for a directory that exists.
func drafted(t *testing.T, directives string) (text, root string) {
	t.Helper()
	root = t.TempDir()
	path := filepath.Join(root, "conf")
	require.NoError(t, write(path, "server {\n"+strings.ReplaceAll(directives, "ROOT", root)+"\nlocation / { proxy_pass http://app; } }"))
	draft, err := Migrate(path, "", nil)
	require.NoError(t, err)
	return strings.ReplaceAll(string(draft.TOML("made for a test")), root, "ROOT"), root
}

func TestSingleFiles(t *testing.T) {
	const whole = "root ROOT/site; try_files $uri @app; location @app { proxy_pass http://app; }\n"
	cases := map[string]struct {
		conf string
		want []string
		not  []string
	}{
		"no mapping of /": {
			conf: "location = /a/favicon.ico { alias ROOT/x/icon; }",
			want: []string{
				"copy ROOT/x/icon to /srv/single-files/a/favicon.ico and take the comment away from the [[static]] of /, until then the application is asked for it",
				"#   ROOT/x/icon as /srv/single-files/a/favicon.ico\n# [[static]]\n# prefix = \"/\"\n# dir = \"/srv/single-files\"\n",
			},
		},
		"one in another directory than that of /": {
			conf: whole + "location = /favicon.ico { alias ROOT/x/icon; }",
			want: []string{
				`except = ["/favicon.ico"]`,
				"copy ROOT/x/icon to ROOT/site/favicon.ico and take its path out of except in the [[static]] of /, until then the application is asked for it",
			},
			not: []string{apart},
		},
		"one in the directory of /": {
			conf: whole + "location = /favicon.ico { access_log off; }",
			want: []string{"it is one of the files below /\n"}, not: []string{"except", apart},
		},
		"one in a directory below": {
			conf: "location /static/ { root ROOT/site; }\nlocation = /static/a.css { alias ROOT/site/static/a.css; }",
			want: []string{"it is one of the files below /static/\n"}, not: []string{"except", apart},
		},
		"the index of a directory": {
			conf: "root ROOT/site; location /docs/ { }\nlocation = /docs/ { add_header Cache-Control no-store; }",
			want: []string{"it is one of the files below /docs/\n"}, not: []string{"except", "index = ", "cache = ", apart},
		},
		"the index of a directory, which is tried": {
			conf: "root ROOT/site; location /docs/ { }\nlocation = /docs/ { try_files /docs/index.html =404; }",
			want: []string{"it is one of the files below /docs/\n"}, not: []string{"except", "index = ", apart},
		},
		"the index of a directory that has none": {
			conf: whole + "location = / { access_log off; }",
			want: []string{unknownFile}, not: []string{"except", apart},
		},
		"another index of /": {
			conf: whole + "location = / { root ROOT/x; }",
			want: []string{unknownFile, "# conf:3: location = /\nindex = []"}, not: []string{"except", apart},
		},
		"a path that is not clean": {conf: "location = /a/../b { root ROOT; }", want: []string{unknownFile}, not: []string{apart}},
		"one that may be kept for longer": {
			conf: "location /static/ { root ROOT/site; expires 1h; }\nlocation = /static/a.css { root ROOT/site; expires 1d; }",
			want: []string{`cache = [{match = "a.css", value = "max-age=86400"}, {match = "*", value = "max-age=3600"}]`}, not: []string{"except", apart},
		},
		"one of the endings of /": {
			conf: "root ROOT/site;\nlocation ~ \\.(css|ico)$ { expires 1d; }\nlocation = /favicon.ico { access_log off; }",
			want: []string{`extensions = ["css", "ico"]`, "it is one of the files below /\n"}, not: []string{"except", apart},
		},
		"none of the endings of /": {
			conf: "root ROOT/site;\nlocation ~ \\.(css|ico)$ { expires 1d; }\nlocation = /robots.txt { access_log off; }",
			want: []string{"that of / for other endings: the application is asked for it, and can send browsers to where ROOT/site/robots.txt is served"},
			not:  []string{apart},
		},
		"what only nginx asks for":  {conf: "location = /a.txt { root ROOT; internal; }", want: []string{internFile}, not: []string{apart}},
		"a name with a dot before":  {conf: "location = /.a { root ROOT; }", want: []string{unknownFile}, not: []string{apart}},
		"a name that varies":        {conf: "location = /a.txt { alias ROOT/$host.txt; }", want: []string{unknownFile}, not: []string{apart}},
		"nobody knows where":        {conf: "location = /a.txt { access_log off; }", want: []string{unknownFile}, not: []string{apart}},
		"one that is not for all":   {conf: "location = /a.txt { root ROOT; auth_basic x; }", want: []string{noOne}, not: []string{apart}},
		"a page of nginx's errors":  {conf: "error_page 500 /500.html;\nlocation = /500.html { root ROOT; }", want: []string{"errors have forebay's own pages"}, not: []string{apart}},
		"a directory and its index": {conf: "location = /docs/ { root ROOT; }", want: []string{unknownFile}, not: []string{apart}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			text, _ := drafted(t, c.conf)
			for _, want := range c.want {
				assert.Contains(t, text, want)
			}
			for _, not := range c.not {
				assert.NotContains(t, text, not)
			}
		})
	}
}

// Whoever does as the comment says has a file that is in order.
func TestMappingThatIsProposedForSingleFiles(t *testing.T) {
	text, root := drafted(t, "location /static/ { root ROOT/site; }\nlocation = /favicon.ico { alias ROOT/x/icon; }")
	text = regexp.MustCompile(`(?m)^# (\[\[static\]\]|prefix = .*|dir = .*)$`).ReplaceAllString(text, "$1")
	text = strings.ReplaceAll(strings.ReplaceAll(text, apart, root+"/apart"), "ROOT", root)
	for _, dir := range []string{"apart", "site/static"} {
		require.NoError(t, os.MkdirAll(filepath.Join(root, dir), 0o700))
	}
	require.NoError(t, write(filepath.Join(root, "forebay.toml"), text))
	reading, err := config.Read(config.Sources{Dir: root})
	require.NoError(t, err, text)
	assert.Equal(t, []config.Static{
		config.NewStatic("/static/", root+"/site/static"), config.NewStatic("/", root+"/apart"),
	}, reading.Config.Proxy.Static)
}

func TestWhereAServerIsThatForebayCannotBe(t *testing.T) {
	for name, conf := range map[string]string{
		"TLS only":            "listen 443 ssl; listen [::]:443 ssl;",
		"HTTP/3 only":         "listen 443 quic;",
		"a path without root": "listen unix:shop.sock;",
	} {
		t.Run(name, func(t *testing.T) {
			text, _ := drafted(t, conf)
			assert.Contains(t, text, "\nbind = [\"127.0.0.1:8000\"]\n", "nobody but this machine")
		})
	}
}
