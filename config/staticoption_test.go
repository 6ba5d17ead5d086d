package config

import (
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEachFieldOfAMappingHasItsOption(t *testing.T) {
	fields, keys := []string{"prefix", "dir"}, []string{}
	for _, option := range staticOptions {
		fields = append(fields, option.key)
		assert.NotEmpty(t, option.metavar, option.key)
		assert.NotEmpty(t, option.help, option.key)
	}
	for field := range reflect.TypeFor[Static]().Fields() {
		keys = append(keys, field.Tag.Get("key"))
	}
	assert.ElementsMatch(t, keys, fields)
}

const mappings = `# shop
workers = 2

[[static]]
prefix = "/static/"
dir = "public"

[[static]]
prefix = "/"
dir = "site"
except = ["/api/", "/admin/"]
only = ["/robots.txt", "img/a.png"]
index = ["index.html", "index.htm"]
fallback = "/index.html"
not_found = "404.html"
headers = {X-Own = "1", Access-Control-Allow-Origin = "*"}
cache = [{match = "*.html", value = "no-store"}, {match = "img/*", value = "max-age=60"}]
immutable = ["hashed", "assets/*"]
types = {".GLTF" = "model/gltf+json"}
extensions = [".HTML", "png"]
autoindex = true
hidden = true
sidecars = false
compress = false
`

func TestOptionsOfAMapping(t *testing.T) {
	inTable := strings.NewReplacer("[[static]]", "[[tool.forebay.static]]", "# shop", "[tool.forebay]").Replace(mappings)
	for name, text := range map[string]string{"forebay.toml": mappings, "pyproject.toml": inTable} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeFile(t, dir, name, text)
			writeFile(t, dir, "public/f", "")
			writeFile(t, dir, "site/f", "")
			reading := mustRead(t, Sources{Dir: dir})
			assert.Equal(t, []Static{
				NewStatic("/static/", filepath.Join(dir, "public")),
				{
					Prefix: "/", Dir: filepath.Join(dir, "site"),
					Except: []string{"/api/", "/admin/"}, Only: []string{"robots.txt", "img/a.png"}, Index: []string{"index.html", "index.htm"}, Fallback: "index.html", NotFound: "404.html",
					Headers:   []Header{{"Access-Control-Allow-Origin", "*"}, {"X-Own", "1"}},
					Cache:     []CacheRule{{"*.html", "no-store"}, {"img/*", "max-age=60"}},
					Immutable: []string{"hashed", "assets/*"}, Types: []Header{{"gltf", "model/gltf+json"}},
					Extensions: []string{"html", "png"}, Autoindex: true, Hidden: true,
				},
			}, reading.Config.Proxy.Static)

			assert.Empty(t, maps.Collect(reading.Config.Proxy.Static[0].Said()))
			said := maps.Collect(reading.Config.Proxy.Static[1].Said())
			assert.Len(t, said, len(staticOptions))
			assert.Equal(t, "index.html,index.htm", said[`static "/": index`])
			assert.Equal(t, "Access-Control-Allow-Origin: *; X-Own: 1", said[`static "/": headers`])
			assert.Equal(t, "*.html: no-store; img/*: max-age=60", said[`static "/": cache`])
			assert.Equal(t, "false", said[`static "/": compress`])
			for _, key := range slices.Collect(maps.Keys(said)) {
				assert.Equal(t, 8, reading.Origins[key].Line, key)
			}
		})
	}
}

func TestStrongerLayersReplaceTheMappings(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir, "forebay.toml", mappings)
	writeFile(t, dir, "public/f", "")
	writeFile(t, dir, "site/f", "")
	reading := mustRead(t, Sources{Dir: dir, Flags: map[string][]string{"static": {"/a/=" + dir, "/b/=" + dir}}})
	assert.Equal(t, []Static{NewStatic("/a/", dir), NewStatic("/b/", dir)}, reading.Config.Proxy.Static)
}

func TestTheRootGoesOnToTheApplication(t *testing.T) {
	assert.Equal(t, FallbackApplication, NewStatic("/", "x").Fallback)
	assert.Empty(t, NewStatic("/static/", "x").Fallback)
	dir := t.TempDir()
	writeFile(t, dir, "forebay.toml", "[[static]]\nprefix = '/'\ndir = '.'\nfallback = ''\n")
	assert.Empty(t, mustRead(t, Sources{Dir: dir}).Config.Proxy.Static[0].Fallback)
}

func TestFaultsInOptionsOfAMapping(t *testing.T) {
	for option, want := range map[string]string{
		`indx = "x"`:               `unknown key "indx": did you mean index?`,
		`nonsense = "x"`:           `unknown key "nonsense": a [[static]] has prefix, dir, except, only, index, fallback`,
		`except = ["/api/"]`:       `want the beginning of a path below /s/, not "/api/"`,
		`except = "/s/"`:           `want the beginning of a path below /s/, not "/s/"`,
		`only = ["../x"]`:          `want the name of a file below the directory, not "../x"`,
		`only = [""]`:              `want the name of a file below the directory, not ""`,
		`only = 1`:                 `want an array of texts, not 1`,
		`index = 3`:                `want an array of texts, not 3`,
		`index = [3]`:              `want text in quotes, not 3`,
		`index = "a/b"`:            `want the name of a file, not "a/b"`,
		`index = ""`:               `want the name of a file, not ""`,
		`fallback = true`:          `want text in quotes, not true`,
		`fallback = "../x"`:        `want the name of a file below the directory, not "../x"`,
		`not_found = "a//b"`:       `want the name of a file below the directory, not "a//b"`,
		`headers = "x"`:            `want a table of texts, not x`,
		`headers = {a = 1}`:        `a: want text in quotes, not 1`,
		`headers = {"a b" = "x"}`:  `want the name and the value of a field, not "a b" = "x"`,
		`headers = {a = "x\r\ny"}`: `want the name and the value of a field`,
		`headers = {etag = "x"}`:   `etag is for forebay to say`,
		`headers = {Cache-Control = "max-age=60"}`: `Cache-Control is for forebay to say`,
		`cache = "max-age=60"`:                     `want an array of {match, value}`,
		`cache = ["x"]`:                            `want {match = "*.html", value = "max-age=60"}, not x`,
		`cache = [{match = "*"}]`:                  `want {match = "*.html", value = "max-age=60"}`,
		`cache = [{match = "[", value = "x"}]`:     `want a pattern such as "*.html" or "assets/*", not "["`,
		`cache = [{match = "*", value = ""}]`:      `want a Cache-Control, such as "max-age=60"`,
		`immutable = ["["]`:                        `want a pattern`,
		`types = {"" = "a/b"}`:                     `want an extension and a media type`,
		`types = {x = "text"}`:                     `want an extension and a media type`,
		`extensions = 1`:                           `want an array of texts`,
		`autoindex = "yes"`:                        `want true or false, not yes`,
		`hidden = 1`:                               `want true or false, not 1`,
	} {
		t.Run(option, func(t *testing.T) {
			dir := t.TempDir()
			writeFile(t, dir, "forebay.toml", "workers = 1\n[[static]]\nprefix = '/s/'\ndir = '.'\n"+option+"\n")
			_, err := Read(Sources{Dir: dir})
			var faults Faults
			require.ErrorAs(t, err, &faults)
			require.Len(t, faults, 1)
			assert.Contains(t, faults[0].Text, want)
			assert.Equal(t, 2, faults[0].Origin.Line)
		})
	}
}
