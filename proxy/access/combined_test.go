package access

import (
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/python"
)

// noon is a time in the zone that lines are written in.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.Local)

// sample is an entry in which everything is known.
func sample() Entry {
	return Entry{
		Time:     noon,
		ID:       []byte("0f3a"),
		Client:   netip.MustParseAddr("192.0.2.1"),
		Method:   []byte("GET"),
		Target:   []byte("/shop?q=1"),
		Protocol: []byte("HTTP/1.1"),
		Fields:   fields("http://example.org/", "curl/8.5 (x)"),
		Status:   200,
		Bytes:    123,
		Total:    1234567 * time.Nanosecond,
	}
}

// fields are those of a request with a referrer and an agent.
func fields(referer, agent string) []python.Field {
	return []python.Field{{Name: []byte("Referer"), Value: []byte(referer)}, {Name: []byte("User-Agent"), Value: []byte(agent)}}
}

// lineIn is the line of e in a format.
func lineIn(t testing.TB, format string, e Entry) string {
	t.Helper()
	s, err := newStyle(format, Stdout{}, true)
	require.NoError(t, err)
	return string(s.appendEntry(nil, &e))
}

func line(e Entry) string {
	parsed, err := config.ParseLogFormat(config.FormatCombined)
	if err != nil {
		panic(err) // it is ours
	}
	return string(compile(parsed).appendEntry(nil, &e))
}

func TestLine(t *testing.T) {
	date := noon.Format("[02/Jan/2006:15:04:05 -0700]")
	tests := map[string]struct {
		change func(e *Entry)
		want   string
	}{
		"combined, then milliseconds and id": {
			func(*Entry) {},
			`192.0.2.1 - - DATE "GET /shop?q=1 HTTP/1.1" 200 123 "http://example.org/" "curl/8.5 (x)" 1.234ms 0f3a`,
		},
		"a user, whom nobody has asked for a password": {
			func(e *Entry) {
				e.Fields = append(e.Fields, python.Field{Name: []byte("Authorization"), Value: []byte("Basic Ym8gYjpzZWNyZXQ=")})
			},
			`192.0.2.1 - bo\x20b DATE "GET /shop?q=1 HTTP/1.1" 200 123 "http://example.org/" "curl/8.5 (x)" 1.234ms 0f3a`,
		},
		"nothing known": {
			func(e *Entry) { *e = Entry{Time: noon, Status: 400} },
			`- - - DATE "-" 400 0 "-" "-" 0.000ms -`,
		},
		"part of a request line": {
			func(e *Entry) { *e = Entry{Time: noon, Status: 501, Method: []byte("BREW")} },
			`- - - DATE "BREW - -" 501 0 "-" "-" 0.000ms -`,
		},
		"IPv6, without a zone": {
			func(e *Entry) { e.Client = netip.MustParseAddr(`fe80::1%e"th`) },
			`fe80::1 - - DATE "GET /shop?q=1 HTTP/1.1" 200 123 "http://example.org/" "curl/8.5 (x)" 1.234ms 0f3a`,
		},
		"a long time and a long answer": {
			func(e *Entry) { e.Total, e.Bytes = 2*time.Hour+time.Microsecond, 1<<40 },
			`192.0.2.1 - - DATE "GET /shop?q=1 HTTP/1.1" 200 1099511627776 "http://example.org/" "curl/8.5 (x)" 7200000.001ms 0f3a`,
		},
		"a clock set back": {
			func(e *Entry) { e.Total = -time.Second },
			`192.0.2.1 - - DATE "GET /shop?q=1 HTTP/1.1" 200 123 "http://example.org/" "curl/8.5 (x)" 0.000ms 0f3a`,
		},
		"quotes and backslashes": {
			func(e *Entry) { e.Target, e.Fields = []byte(`/"a\`), fields("http://example.org/", `x" 200 0 "\`) },
			`192.0.2.1 - - DATE "GET /\x22a\x5C HTTP/1.1" 200 123 "http://example.org/" "x\x22 200 0 \x22\x5C" 1.234ms 0f3a`,
		},
		"line ends, NUL, escape, delete, beyond ASCII": {
			func(e *Entry) { e.Fields = fields("a\r\n1", "\x00\x1b[2J\x7fü") },
			`192.0.2.1 - - DATE "GET /shop?q=1 HTTP/1.1" 200 123 "a\x0D\x0A1" "\x00\x1B[2J\x7F\xC3\xBC" 1.234ms 0f3a`,
		},
		"spaces stay in text and not in words": {
			func(e *Entry) {
				e.Target, e.ID, e.Fields = []byte("/a b"), []byte("a b"), fields("http://example.org/", "a b")
			},
			`192.0.2.1 - - DATE "GET /a\x20b HTTP/1.1" 200 123 "http://example.org/" "a b" 1.234ms a\x20b`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := sample()
			tt.change(&e)
			assert.Equal(t, strings.Replace(tt.want, "DATE", date, 1)+"\n", line(e))
		})
	}
}

func TestTheDateFollowsTheTime(t *testing.T) {
	dates := dateCache{layout: layoutNCSA}
	for _, at := range []time.Time{noon, noon.Add(999 * time.Millisecond), noon.Add(time.Second), noon, noon.UTC()} {
		assert.Equal(t, at.Local().Format("02/Jan/2006:15:04:05 -0700"), string(dates.append(nil, at)))
	}
}

// wellFormed is a line whose parts can be told apart.
var wellFormed = regexp.MustCompile(`^[0-9a-f.:]+ - - \[[^]]+\] "(-|[!-~]+ [!-~]+ [!-~]+)" \d+ \d+ "[ -~]+" "[ -~]+" \d+\.\d{3}ms [!-~]+\n$`)

func FuzzLineIsOneLineOfThreeQuotedParts(f *testing.F) {
	f.Add([]byte("GET"), []byte("/"), []byte("HTTP/1.1"), []byte("r"), []byte("agent"), []byte("id"))
	f.Add([]byte(nil), []byte(nil), []byte(nil), []byte(nil), []byte(nil), []byte(nil))
	f.Add([]byte("G\" "), []byte("/\n\r"), []byte("\\"), []byte("\\\""), []byte("\" 1ms x\n9.9.9.9 - -"), []byte("\" "))
	f.Fuzz(func(t *testing.T, method, target, protocol, referer, agent, id []byte) {
		e := sample()
		e.Method, e.Target, e.Protocol, e.Fields, e.ID = method, target, protocol, fields(string(referer), string(agent)), id
		got := line(e)
		require.Regexp(t, wellFormed, got)
		require.Equal(t, 6, strings.Count(got, `"`))

		// What is between the quotes gives the value back.
		parts := strings.Split(got, `"`)
		require.Equal(t, known(agent), unescape(t, parts[5]))
		require.Equal(t, known(referer), unescape(t, parts[3]))
	})
}

func known(value []byte) string {
	if len(value) == 0 {
		return "-"
	}
	return string(value[:min(len(value), fieldMax)])
}

func unescape(t *testing.T, text string) string {
	t.Helper()
	var b strings.Builder
	for len(text) > 0 {
		before, after, found := strings.Cut(text, `\x`)
		b.WriteString(before)
		if !found {
			break
		}
		high, low := strings.IndexByte(hexDigits, after[0]), strings.IndexByte(hexDigits, after[1])
		require.True(t, high >= 0 && low >= 0)
		b.WriteByte(byte(high<<4 | low))
		text = after[2:]
	}
	return b.String()
}
