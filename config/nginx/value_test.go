package nginx

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// told is a directive with arguments.
func told(name string, args ...string) *directive { return &directive{Directive: name, Args: args} }

func TestTimes(t *testing.T) {
	for text, want := range map[string]string{
		"30": `"30s"`, "30s": `"30s"`, "500ms": `"500ms"`, "1h30m": `"1h30m"`, "1h 30m": `"1h30m"`, "2d": `"48h"`, "1w": `"168h"`, "1M": `"720h"`, "0": `"0s"`,
		"": "want a time", "x": `want a time, not "x"`, "5x": `want a time, not "5x"`, "999999999y": `"999999999y" is more than can be counted`,
	} {
		got, err := timeOf(told("send_timeout", text))
		if err != nil {
			got = err.Error()
		}
		assert.Equal(t, want, got, text)
	}
}

func TestExpires(t *testing.T) {
	for text, want := range map[string]string{
		"30d": "max-age=2592000", "max": "max-age=315360000", "-1": "no-cache", "epoch": "no-cache", "off": "", "$expires": "", "@15h": "",
	} {
		assert.Equal(t, want, expires(told("expires", text)), text)
	}
	assert.Empty(t, expires(told("expires", "modified", "+1h")))
}

func TestEndings(t *testing.T) {
	for expression, want := range map[string][]string{
		`\.(css|js)$`: {"css", "js"}, `\.(?:css|js)$`: {"css", "js"}, `\.jpe?g$`: {"jpeg", "jpg"}, `\.(woff2?|ttf)$`: {"ttf", "woff", "woff2"},
		`^.+\.(jpg|gif)$`: {"gif", "jpg"}, `.*\.png$`: {"png"}, `\.(CSS)$`: {"css"},
		`\.(css|js)`: nil, `^/static/.*\.css$`: nil, `\.(css|)$`: nil, `\.(a??)$`: nil, `/\.ht`: nil, `\.(j.)$`: nil,
	} {
		assert.Equal(t, want, endingsOf(expression), expression)
	}
}

func TestBranches(t *testing.T) {
	for expression, want := range map[string][]string{
		`^/(static|media)/`: {"/static/", "/media/"}, `^/static/`: {"/static/"}, `^/(?:a|b)(/|$)`: {"/a/", "/b/"}, `^/(a)/.*$`: {"/a/"},
		`/static/`: nil, `^/(a|)/`: nil, `^/api/v[0-9]/`: nil, `^/$`: nil,
	} {
		assert.Equal(t, want, branchesOf(expression), expression)
	}
}

func TestKeys(t *testing.T) {
	for text, want := range map[string]string{
		"$binary_remote_addr": "address", "$remote_addr": "address", "$server_name": "all", "$http_x_api_key": "header:x-api-key", "$cookie_session": "cookie:session",
		"$binary_remote_addr$uri": "address+path", "${binary_remote_addr}$server_name": "address", "$request_method": "method",
		"$limit_key": "", "$binary_remote_addr:x": "", "": "", "$http_": "", "$arg_user": "",
	} {
		assert.Equal(t, want, keyOf(text), text)
	}
}

func TestRates(t *testing.T) {
	for text, want := range map[string]string{"10r/s": "10/s", "5r/m": "5/min", "0r/s": "", "10": "", "10r/h": "", "1.5r/s": ""} {
		assert.Equal(t, want, rateOf(text), text)
	}
}

func TestAddresses(t *testing.T) {
	for name, c := range map[string]struct {
		listens [][]string
		want    []string
	}{
		"a port":                {[][]string{{"80"}}, []string{"0.0.0.0:80"}},
		"both kinds of it":      {[][]string{{"80", "default_server"}, {"[::]:80"}}, []string{":80"}},
		"IPv6 that is for both": {[][]string{{"[::]:80", "ipv6only=off"}}, []string{":80"}},
		"IPv6 alone":            {[][]string{{"[::]:80"}}, []string{"[::]:80"}},
		"an asterisk":           {[][]string{{"*:8080"}}, []string{"0.0.0.0:8080"}},
		"an address":            {[][]string{{"127.0.0.1"}, {"[::1]"}}, []string{"127.0.0.1:80", "[::1]:80"}},
		"a name":                {[][]string{{"localhost:8000"}, {"localhost"}}, []string{"localhost:8000", "localhost:80"}},
		"a socket":              {[][]string{{"unix:/run/a.sock"}}, []string{"unix:/run/a.sock"}},
		"of different ports":    {[][]string{{"80"}, {"[::]:81"}}, []string{"0.0.0.0:80", "[::]:81"}},
	} {
		t.Run(name, func(t *testing.T) {
			var addresses []address
			for _, args := range c.listens {
				addresses = append(addresses, addressOf(told("listen", args...)))
			}
			got, _ := bindsOf(addresses)
			assert.Equal(t, c.want, got)
		})
	}
}

func TestAccessLists(t *testing.T) {
	for name, c := range map[string]struct {
		rules       []*directive
		allow, deny []string
		ok          bool
	}{
		"some alone":           {[]*directive{told("allow", "10.1.2.3/8"), told("deny", "all")}, []string{"10.0.0.0/8"}, everyone, true},
		"some not":             {[]*directive{told("deny", "10.0.0.1"), told("allow", "all")}, nil, []string{"10.0.0.1"}, true},
		"some of those not":    {[]*directive{told("allow", "10.0.0.1"), told("deny", "10.0.0.0/8")}, []string{"10.0.0.1"}, []string{"10.0.0.0/8"}, true},
		"nobody":               {[]*directive{told("deny", "all")}, nil, everyone, true},
		"on this machine":      {[]*directive{told("allow", "unix:"), told("deny", "all")}, nil, everyone, true},
		"the other way round":  {[]*directive{told("deny", "10.0.0.1"), told("allow", "10.0.0.0/8"), told("deny", "all")}, nil, nil, false},
		"what is never asked":  {[]*directive{told("deny", "all"), told("allow", "10.0.0.1")}, nil, nil, false},
		"what is no address":   {[]*directive{told("allow", "example.com"), told("deny", "all")}, nil, nil, false},
		"nothing against them": {[]*directive{told("allow", "10.0.0.1")}, []string{"10.0.0.1"}, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			allow, deny, ok := access(c.rules)
			assert.Equal(t, c.ok, ok)
			if ok {
				assert.Equal(t, c.allow, allow)
				assert.Equal(t, c.deny, deny)
			}
		})
	}
}

func TestLocations(t *testing.T) {
	for _, c := range []struct {
		args []string
		kind locationKind
		path string
	}{
		{[]string{"/a/"}, prefix, "/a/"}, {[]string{"^~", "/a/"}, prefix, "/a/"}, {[]string{"=", "/a"}, exact, "/a"}, {[]string{"=/a"}, exact, "/a"},
		{[]string{"~", `\.css$`}, pattern, `\.css$`}, {[]string{"~*", `\.css$`}, pattern, `\.css$`}, {[]string{`~*\.css$`}, pattern, `\.css$`}, {[]string{"@app"}, named, "@app"},
	} {
		l := locationOf(&scope{block: told("location", c.args...)})
		assert.Equal(t, c.kind, l.kind, "%v", c.args)
		assert.Equal(t, c.path, l.path, "%v", c.args)
	}
}
