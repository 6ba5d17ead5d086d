package access

import (
	"encoding/json"
	"errors"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/python"
)

// full is an entry of a request that the application has answered, and then something went wrong.
func full() Entry {
	e := sample()
	e.Host, e.Scheme, e.Decoded = []byte("shop.example"), "https", []byte("/shop")
	e.Received, e.Total, e.Read, e.Delayed = 7, 1500*time.Millisecond, 100*time.Millisecond, 200*time.Millisecond
	e.Queue, e.Application, e.Worker, e.Thread, e.Tries = 300*time.Millisecond, 400*time.Millisecond, 4711, 2, 1
	e.Source, e.Fault, e.Reason = Application, errors.New("the response ended\nearly"), InvalidResponse
	e.TraceID, e.Before = []byte("4bf92f35"), 50*time.Millisecond
	e.Fields = append(e.Fields, python.Field{Name: []byte("Authorization"), Value: []byte("Basic Ym9iOnNlY3JldA==")})
	e.Answer = []byte("HTTP/1.1 200 OK\r\nServer: forebay\r\nX-Shop:  a b \r\n\r\nX-Body: no\r\n\r\n")
	return e
}

// bare is an entry of which nothing is known but that there was one.
func bare() Entry { return Entry{Time: noon, Status: 400} }

func TestJSON(t *testing.T) {
	date := noon.Format("2006-01-02T15:04:05.000000Z07:00")
	tests := map[string]struct {
		entry Entry
		want  string
	}{
		"all known": {full(), `{"time":"` + date + `","request_id":"0f3a","trace_id":"4bf92f35","client":"192.0.2.1","method":"GET","host":"shop.example",` +
			`"path":"/shop","query":"q=1","protocol":"HTTP/1.1","status":200,"received":7,"sent":123,"before":0.050000,"duration":1.500000,"read":0.100000,` +
			`"delayed":0.200000,"queue":0.300000,"application":0.400000,"send":0.500000,"worker":4711,"thread":2,"tries":1,` +
			`"source":"application","referer":"http://example.org/","user_agent":"curl/8.5 (x)","reason":"invalid_response","fault":"the response ended\nearly"}`},
		"nothing known": {bare(), `{"time":"` + date + `","status":400,"received":0,"sent":0,"duration":0.000000,"read":0.000000,` +
			`"send":0.000000,"source":"server"}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := lineIn(t, config.FormatJSON, tt.entry)
			assert.Equal(t, tt.want+"\n", got)
			assert.True(t, json.Valid([]byte(got)))
		})
	}
}

func TestPretty(t *testing.T) {
	e := full()
	now := noon.Format("15:04:05")
	assert.Equal(t, now+" 200 GET /shop?q=1 1500.000ms 123B read 100.000ms delayed 200.000ms queue 300.000ms application 400.000ms "+
		"send 500.000ms 192.0.2.1 0f3a the response ended\n", lineIn(t, config.FormatPretty, e))
	assert.Equal(t, now+" 400 - - 0.000ms 0B server - -\n", lineIn(t, config.FormatPretty, bare()))

	painted := func(status int, fault error) string {
		e.Status, e.Fault = status, fault
		return string(newPretty(true).appendEntry(nil, &e))
	}
	assert.Contains(t, painted(200, nil), green+"200"+plain)
	assert.Contains(t, painted(304, nil), cyan+"304"+plain)
	assert.Contains(t, painted(404, e.Fault), yellow+"404"+plain)
	assert.Contains(t, painted(499, errStuck), magenta+"499"+plain)
	assert.Contains(t, painted(502, nil), red+"502"+plain)
	assert.Contains(t, painted(200, errStuck), red+"200"+plain, "it was cut")
}

func TestAutoLooksAtWhoReads(t *testing.T) {
	terminal := Stdout{Terminal: true, Color: true}
	cases := map[string]struct {
		to     Stdout
		stdout bool
		want   string
	}{
		"a terminal":         {terminal, true, "^\x1b\\[2m"},
		"without colours":    {Stdout{Terminal: true}, true, `^\d\d:\d\d:\d\d 200 `},
		"a pipe":             {Stdout{}, true, `^{"time":`},
		"a file beside one":  {terminal, false, `^{"time":`},
		"syslog, and a pipe": {Stdout{}, false, `^{"time":`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s, err := newStyle(config.FormatAuto, c.to, c.stdout)
			require.NoError(t, err)
			e := full()
			assert.Regexp(t, c.want, string(s.appendEntry(nil, &e)))
		})
	}
	_, err := newStyle("$nothing", Stdout{}, true)
	assert.EqualError(t, err, "unknown variable $nothing")
}

func TestPlaceholders(t *testing.T) {
	date := noon.Format("02/Jan/2006:15:04:05 -0700")
	cases := map[string]struct{ format, known, unknown string }{
		"%(h)s":                      {"%(h)s", "192.0.2.1", "-"},
		"%(l)s %(u)s":                {"%(l)s %(u)s", "- bob", "- -"},
		"%(t)s":                      {"%(t)s", "[" + date + "]", "[" + date + "]"},
		"%(r)s":                      {"%(r)s", "GET /shop?q=1 HTTP/1.1", "-"},
		"%(m)s %(U)s %(q)s %(H)s":    {"%(m)s %(U)s %(q)s %(H)s", "GET /shop q=1 HTTP/1.1", "- - - -"},
		"%(s)s %(B)s %(b)s":          {"%(s)s %(B)s %(b)s", "200 123 123", "400 0 -"},
		"%(f)s %(a)s":                {`%(f)s "%(a)s" %(a)s`, `http://example.org/ "curl/8.5 (x)" curl/8.5\x20(x)`, `- "-" -`},
		"%(T)s %(D)s %(M)s %(L)s":    {"%(T)s %(D)s %(M)s %(L)s", "1 1500000 1500 1.500000", "0 0 0 0.000000"},
		"%(p)s":                      {"%(p)s", "<4711>", "<->"},
		"fields":                     {`%({Referer}i)s "%({x-shop}o)s" %({x-body}o)s`, `http://example.org/ "a b" -`, `- "-" -`},
		"$remote_addr, $remote_user": {"$remote_addr $remote_user", "192.0.2.1 bob", "- -"},
		"dates":                      {"$time_local", date, date},
		"ISO 8601":                   {"$time_iso8601 $msec", noon.Format("2006-01-02T15:04:05.000000Z07:00") + " " + unix(noon) + ".000", noon.Format("2006-01-02T15:04:05.000000Z07:00") + " " + unix(noon) + ".000"},
		"the request line":           {"$request|$request_method|$request_uri|$uri|$args|$server_protocol", "GET /shop?q=1 HTTP/1.1|GET|/shop?q=1|/shop|q=1|HTTP/1.1", "-|-|-|-|-|-"},
		"where":                      {"$scheme $host $query_string", "https shop.example q=1", " - -"},
		"nginx's times":              {"$request_time $upstream_response_time", "1.500 0.400", "0.000 -"},
		"nginx's fields":             {`$http_user_agent $sent_http_x_shop`, `curl/8.5\x20(x) a\x20b`, "- -"},
		"our times":                  {"$request_time_ms $read_time $delay_time $queue_time $application_time $send_time", "1500.000 0.100000 0.200000 0.300000 0.400000 0.500000", "0.000 0.000000 0.000000 - - 0.000000"},
		"who":                        {"$worker $thread $tries $source $request_id", "4711 2 1 application 0f3a", "- - - server -"},
		"what":                       {`$body_bytes_received $body_bytes_sent "$fault"`, `7 123 "the response ended\x0Aearly"`, `0 0 "-"`},
		"where it comes from":        {"$before_time $trace_id $reason", "0.050000 4bf92f35 invalid_response", "- - -"},
		"JSON":                       {`{"a":"$http_user_agent","b":$worker,"c":"$fault","d":$queue_time}`, `{"a":"curl/8.5 (x)","b":4711,"c":"the response ended\nearly","d":0.300000}`, `{"a":"","b":null,"c":"","d":null}`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.known+"\n", lineIn(t, c.format, full()))
			assert.Equal(t, c.unknown+"\n", lineIn(t, c.format, bare()))
		})
	}
}

func unix(t time.Time) string {
	return strings.TrimSuffix(string(appendDecimal(nil, t.UnixMilli(), 3)), ".000")
}

func TestEveryVariableHasItsAppender(t *testing.T) {
	e, missed := full(), bare()
	for _, name := range config.Variables() {
		assert.NotContains(t, lineIn(t, "<${"+name+"}>", e), "<>", name)
		lineIn(t, "<${"+name+"}>", missed)
	}
}

// TestUsersName: what an Authorization field says, and never a password.
func TestUsersName(t *testing.T) {
	cases := map[string]struct{ value, want string }{
		"a name":               {"Basic Ym9iOnNlY3JldA==", "bob"},
		"in small letters":     {"basic Ym9iOnNlY3JldA==", "bob"},
		"a quote in it":        {"Basic YiJvYjp4", `b\x22ob`},
		"no name":              {"Basic OnNlY3JldA==", "-"},
		"no colon":             {"Basic c2VjcmV0", "-"},
		"no Base64":            {"Basic ???", "-"},
		"another scheme":       {"Bearer Ym9iOnNlY3JldA==", "-"},
		"the scheme alone":     {"Basic ", "-"},
		"long beyond all need": {"Basic " + strings.Repeat("YWFh", 200), "-"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			e := sample()
			e.Fields = []python.Field{{Name: []byte("authorization"), Value: []byte(c.value)}}
			assert.Equal(t, c.want+"\n", lineIn(t, "%(u)s", e))
		})
	}
}

func TestJSONText(t *testing.T) {
	cases := map[string]struct{ value, want string }{
		"plain":              {"/a b?c=é", "/a b?c=é"},
		"quotes":             {`"\`, `\"\\`},
		"controls":           {"\x00\t\n\r\x1b\x7f", `\u0000\t\n\r\u001B\u007F`},
		"C1 controls":        {"\u0085\u009b", `\u0085\u009B`},
		"line ends of Java":  {"\u2028\u2029", `\u2028\u2029`},
		"from right to left": {"\u202eb\u200f\u2066", `\u202Eb\u200F\u2066`},
		"nothing to be seen": {"\ufeff\u00ad\U000E0041", `\uFEFF\u00AD\uDB40\uDC41`},
		"no UTF-8":           {"a\xffb\xe2\x82", "a\ufffdb\ufffd\ufffd"},
		"beyond 16 bits":     {"\U0001F600", "\U0001F600"},
		"a surrogate's code": {"\xed\xa0\x80", "\ufffd\ufffd\ufffd"},
		"cut within a rune":  {strings.Repeat("x", fieldMax-1) + "é", strings.Repeat("x", fieldMax-1) + "\ufffd"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := string(appendJSON(nil, []byte(c.value)))
			assert.Equal(t, c.want, got)
			assert.True(t, json.Valid([]byte(`"`+got+`"`)))
		})
	}
}

func TestTheFieldsOfAnAnswer(t *testing.T) {
	for name, answer := range map[string]string{
		"none": "", "no line end": "HTTP/1.1 200 OK", "cut within": "HTTP/1.1 200 OK\r\nX-Sh", "no colon": "HTTP/1.1 200 OK\r\nx-shop\r\n\r\n",
		"a longer name": "HTTP/1.1 200 OK\r\nX-Shopping: no\r\n\r\n", "in the body": "HTTP/1.1 200 OK\r\n\r\nX-Shop: no\r\n\r\n",
	} {
		e := Entry{Answer: []byte(answer)}
		assert.Nil(t, e.answered("x-shop"), name)
	}
}

// templates are formats of all kinds.
var templates = []string{
	config.FormatJSON, config.FormatPretty, config.FormatCombined,
	`%(h)s %(u)s [%(t)s] %(r)s %(m)s %(U)s %(q)s %(H)s %(s)s %(f)s %(a)s %({x-any}i)s %({x-any}o)s`,
	`"$request" $host "$http_x_any" $sent_http_x_any $fault "$request_id" "$remote_user"`,
	`{"r":"$request","u":"$uri","q":"$args","h":"$host","a":"$http_x_any","o":"$sent_http_x_any","f":"$fault","i":"$request_id","n":"$remote_user","w":$worker}`,
}

// escape sequences are the pretty format's own.
var colors = regexp.MustCompile("\x1b\\[[0-9]+m")

func FuzzNobodyForgesALine(f *testing.F) {
	f.Add([]byte("GET"), []byte("/?q"), []byte("HTTP/1.1"), []byte("v"), []byte("id"), true)
	f.Add([]byte(nil), []byte(nil), []byte(nil), []byte(nil), []byte(nil), false)
	f.Add([]byte("\"\\"), []byte("/\n\r?\x1b[2J"), []byte("\u2028\xff"), []byte("\",\"status\":200}\n{"), []byte("\x9b\u009b"), true)
	var styles []style
	for _, format := range append(templates, "color") {
		if format == "color" {
			styles = append(styles, newPretty(true))
			continue
		}
		s, err := newStyle(format, Stdout{}, false)
		require.NoError(f, err)
		styles = append(styles, s)
	}
	f.Fuzz(func(t *testing.T, method, target, protocol, value, id []byte, ran bool) {
		e := Entry{
			Time: noon, ID: id, Client: netip.MustParseAddr("192.0.2.1"), Method: method, Target: target, Protocol: protocol,
			Decoded: value, Host: value, Scheme: "http", Status: 200, Fault: errors.New(string(value)),
			Answer: append([]byte("HTTP/1.1 200 OK\r\nX-Any: "), value...),
		}
		for _, name := range []string{"X-Any", "Referer", "User-Agent", "Authorization"} {
			e.Fields = append(e.Fields, python.Field{Name: []byte(name), Value: value})
		}
		if ran {
			e.Worker = 1
		}
		for i, s := range styles {
			line := s.appendEntry(nil, &e)
			text := colors.ReplaceAllString(string(line), "")
			require.Equal(t, len(text)-1, strings.IndexByte(text, '\n'), "one line")
			require.True(t, utf8.ValidString(text))
			require.NotContains(t, text, "\x1b")
			require.NotContains(t, text, "\r")
			require.NotContains(t, text, "\u009b")
			if text[0] == '{' {
				require.True(t, json.Valid(line), "%d: %s", i, line)
			} else {
				require.Regexp(t, `^[ -~]*\n$`, text)
			}
		}
	})
}

func TestNoStyleAllocates(t *testing.T) {
	e := full()
	e.Fault = nil // its text is made when it is asked for
	for _, format := range templates {
		s, err := newStyle(format, Stdout{}, true)
		require.NoError(t, err)
		line := s.appendEntry(nil, &e)
		assert.Zero(t, testing.AllocsPerRun(10, func() { line = s.appendEntry(line[:0], &e) }), format)
	}
}

func BenchmarkLine(b *testing.B) {
	names := []string{"json", "pretty", "combined", "gunicorn's", "nginx's", "nginx's JSON"}
	for i, format := range templates {
		b.Run(names[i], func(b *testing.B) {
			s, err := newStyle(format, Stdout{}, true)
			require.NoError(b, err)
			e := full()
			e.Fault = nil
			line := s.appendEntry(nil, &e)
			b.ReportAllocs()
			for b.Loop() {
				line = s.appendEntry(line[:0], &e)
			}
		})
	}
}
