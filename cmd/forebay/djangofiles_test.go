package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/proxy/static"
	"forebay/python"
	"forebay/workers"
)

func TestPrefixOfAURLOfDjango(t *testing.T) {
	for text, want := range map[string]string{
		"/static/":                    "/static/",
		"static/":                     "/shop/static/",
		"/static":                     "/static/",
		"/assets/v2/":                 "/assets/v2/",
		"/st%C3%A4tic/":               "/stätic/",
		"https://cdn.example/static/": "/static/",
		"//cdn.example/a/":            "/a/",
		"":                            "is not set",
		"/":                           "is the whole site: /",
		"https://cdn.example/":        "is the whole site: https://cdn.example/",
		"https://cdn.example":         "is the whole site: https://cdn.example",
		"/a//b/":                      "is no plain path: /a//b/",
		"/a/../b/":                    "is no plain path: /a/../b/",
		"/static/?v=":                 "is no path: /static/?v=",
		"data:text":                   "is no path: data:text",
		"https://cdn.example/%zz/":    "is no path: https://cdn.example/%zz/",
	} {
		got, err := prefixOf(text, "/shop")
		if err != nil {
			got = err.Error()
		}
		assert.Equal(t, want, got, text)
	}
	root, err := prefixOf("static/", "")
	require.NoError(t, err)
	assert.Equal(t, "/static/", root)
}

// site is a directory with an application, its files, and what a visitor has uploaded.
func TestFilesOfDjango(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"code/shop", "static", "media/private"} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, name), 0o700))
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	require.NoError(t, os.Symlink(at("code"), at("link")))
	usual := python.Django{
		StaticURL: "static/", StaticRoot: at("static"), MediaURL: "/media/", MediaRoot: at("media"), Settings: at("code/shop/settings.py"),
	}
	both := map[string]string{"/static/": "static", "/media/": "media"}
	cases := map[string]struct {
		change func(said *python.Django, cfg *config.Config)
		want   map[string]string
		log    string
	}{
		"both": {func(*python.Django, *config.Config) {}, both, ""},
		"without uploads": {func(said *python.Django, _ *config.Config) { said.MediaURL, said.MediaRoot = "", "" },
			map[string]string{"/static/": "static"}, ""},
		"nothing collected": {func(said *python.Django, _ *config.Config) { said.StaticRoot = "" },
			map[string]string{"/media/": "media"}, "STATIC_ROOT is not set"},
		"not collected yet": {func(said *python.Django, _ *config.Config) { said.StaticRoot = at("later") },
			map[string]string{"/static/": "later", "/media/": "media"}, "directory of Django's is not there yet"},
		"mounted": {func(_ *python.Django, cfg *config.Config) { cfg.App.ScriptName = "/shop" },
			map[string]string{"/shop/static/": "static", "/media/": "media"}, ""},
		"mounted by Django": {func(said *python.Django, cfg *config.Config) { said.ScriptName, cfg.App.ScriptName = "/mart", "/shop" },
			map[string]string{"/mart/static/": "static", "/media/": "media"}, ""},
		"under one URL": {func(said *python.Django, _ *config.Config) { said.MediaURL = "/static/" },
			map[string]string{"/static/": "static"}, "/static/ is that of STATIC_ROOT"},
		"uploads all over the site": {func(said *python.Django, _ *config.Config) { said.MediaURL = "/" },
			map[string]string{"/static/": "static"}, "MEDIA_URL is the whole site"},
		"the configuration's own": {func(_ *python.Django, cfg *config.Config) {
			cfg.Proxy.Static = []config.Static{config.NewStatic("/static/", at("media"))}
		}, map[string]string{"/media/": "media"}, ""},
		"the application's code": {func(said *python.Django, _ *config.Config) { said.StaticRoot = dir },
			map[string]string{"/media/": "media"}, "has the application's own code in it"},
		"its code behind a link": {func(said *python.Django, _ *config.Config) { said.StaticRoot = at("link") },
			map[string]string{"/media/": "media"}, "has the application's own code in it"},
		"its settings": {func(said *python.Django, _ *config.Config) { said.Settings = at("static/settings.py") },
			map[string]string{"/media/": "media"}, "has the application's own code in it"},
		"uploads for some": {func(_ *python.Django, cfg *config.Config) { cfg.Proxy.XSendfile = []string{at("media/private")} },
			map[string]string{"/static/": "static"}, "over itself"},
		"uploads for some, by nginx's name": {func(_ *python.Django, cfg *config.Config) {
			cfg.Proxy.XAccelRedirect = []config.Internal{{Prefix: "/protected/", Dir: dir}}
		}, map[string]string{"/static/": "static"}, "over itself"},
	}
	for name, tt := range cases {
		t.Run(name, func(t *testing.T) {
			said, cfg := usual, config.Config{}
			tt.change(&said, &cfg)
			var log lines
			s := &server{log: newLogs(config.Log{Level: "info", Format: config.LogText}, &log).logger()}
			got := map[string]string{}
			for _, m := range s.filesOfDjango(setup{cfg: cfg, program: workers.Program{Dir: at("code")}}, python.Ready{Django: &said}) {
				got[m.Prefix], _ = filepath.Rel(dir, m.Dir)
				assertTrusted(t, m)
			}
			assert.Equal(t, tt.want, got)
			if tt.log == "" {
				assert.Empty(t, log)
			} else {
				assert.Contains(t, string(log), tt.log)
			}
		})
	}
	assert.Empty(t, (&server{}).filesOfDjango(setup{}, python.Ready{}), "it was not asked")
}

// assertTrusted looks at what is believed of files of ours, and not of those of strangers.
func assertTrusted(t *testing.T, m static.Mapping) {
	t.Helper()
	ours := m.Prefix != "/media/"
	assert.Equal(t, ours, m.Sidecars)
	assert.Equal(t, ours, len(m.Immutable) > 0)
	assert.Equal(t, ours, len(m.Index) > 0)
	assert.Equal(t, !ours, len(m.Headers) > 0)
}

// lines are what was logged.
type lines []byte

func (l *lines) Write(p []byte) (int, error) {
	*l = append(*l, p...)
	return len(p), nil
}
