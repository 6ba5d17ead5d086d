package config

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLogFormatIsTakenApart(t *testing.T) {
	request := func(name string, quoted bool) LogPiece {
		return LogPiece{Field: LogRequestField, Name: name, Quoted: quoted}
	}
	cases := map[string]struct {
		text string
		want LogFormat
	}{
		"gunicorn's": {`%(h)s "%(r)s" %(D)s`, LogFormat{Pieces: []LogPiece{
			{Field: LogClient}, {Text: ` "`}, {Field: LogRequest, Quoted: true}, {Text: `" `}, {Field: LogDuration, Unit: Microseconds}}}},
		"gunicorn's of several parts": {`%(t)s%(p)s`, LogFormat{Pieces: []LogPiece{
			{Text: "["}, {Field: LogLocalTime}, {Text: "]"}, {Text: "<"}, {Field: LogWorker}, {Text: ">"}}}},
		"gunicorn's fields": {`%({X-Shop}i)s "%({ETag}o)s"`, LogFormat{Pieces: []LogPiece{
			request("x-shop", false), {Text: ` "`}, {Field: LogResponseField, Name: "etag", Quoted: true}, {Text: `"`}}}},
		"as a number":    {`%(D)d`, LogFormat{Pieces: []LogPiece{{Field: LogDuration, Unit: Microseconds}}}},
		"percent signs":  {`%(s)s 100%% 5%`, LogFormat{Pieces: []LogPiece{{Field: LogStatus}, {Text: " 100"}, {Text: "%"}, {Text: " 5"}, {Text: "%"}}}},
		"nginx's":        {`$status/$request_time`, LogFormat{Pieces: []LogPiece{{Field: LogStatus}, {Text: "/"}, {Field: LogDuration, Unit: Decimal3}}}},
		"nginx's fields": {`$http_x_forwarded_for$sent_http_ETag`, LogFormat{Pieces: []LogPiece{request("x-forwarded-for", false), {Field: LogResponseField, Name: "etag"}}}},
		"braces":         {`${status}s $`, LogFormat{Pieces: []LogPiece{{Field: LogStatus}, {Text: "s "}, {Text: "$"}}}},
		"both":           {`%(s)s $status`, LogFormat{Pieces: []LogPiece{{Field: LogStatus}, {Text: " "}, {Field: LogStatus}}}},
		"JSON": {`{"a\"": "$host", "b": $status}`, LogFormat{JSON: true, Pieces: []LogPiece{
			{Text: `{"a\"": "`}, {Field: LogHost, Quoted: true}, {Text: `", "b": `}, {Field: LogStatus}, {Text: "}"}}}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := ParseLogFormat(c.text)
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
}

func TestFaultyLogFormats(t *testing.T) {
	const want = "want auto, combined, json, pretty, or placeholders such as %(h)s or $remote_addr, not "
	cases := map[string]struct{ text, want string }{
		"an unknown name":          {"jsn", want + `"jsn"`},
		"nothing":                  {"", want + `""`},
		"no placeholder":           {"100% $", want + `"100% $"`},
		"an unknown placeholder":   {"%(h)s %(z)s", "unknown placeholder %(z)s"},
		"a width":                  {"%(h)-15s", `want a placeholder such as %(h)s, not "%(h)-15s"`},
		"an open placeholder":      {"%(h", `want a placeholder such as %(h)s, not "%(h"`},
		"an open one at the end":   {"%(h)", `want a placeholder such as %(h)s, not "%(h)"`},
		"no name of a field":       {"%({}i)s", "unknown placeholder %({}i)s"},
		"the environ":              {"%({PATH_INFO}e)s", "unknown placeholder %({PATH_INFO}e)s: the log knows fields of the request ({NAME}i) and the response ({NAME}o), and not the environ"},
		"an unknown variable":      {"$status $statsu", "unknown variable $statsu: did you mean $status?"},
		"nothing like it":          {"$upstream_cache_status_and_more", "unknown variable $upstream_cache_status_and_more"},
		"an open variable":         {"${status", `want a variable such as ${status}, not "${status"`},
		"no variable":              {"$status ${}", "unknown variable $"},
		"a line end":               {"$status\n", `want a line of text without control characters, not "$status\n"`},
		"no UTF-8":                 {"$status \xff", `want a line of text without control characters, not "$status \xff"`},
		"JSON with text unquoted":  {`{"a": $host}`, "want quotes around $host, as it is no number: a format that begins with { is one of JSON"},
		"JSON with an atom so too": {`{"a": %(r)s}`, "want quotes around %(r)s, as it is no number: a format that begins with { is one of JSON"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := parseLogFormat(c.text, "")
			assert.EqualError(t, err, c.want)
		})
	}
}

// TestGunicornsAndNginxsOwnFormats are the defaults of both, and what nginx's documentation shows.
func TestGunicornsAndNginxsOwnFormats(t *testing.T) {
	for _, format := range []string{
		`%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"`,
		`$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"`,
		`{"time":"$time_iso8601","msec":$msec,"uri":"$request_uri","status":$status,"t":"$upstream_response_time"}`,
		FormatCombined,
	} {
		_, err := ParseLogFormat(format)
		assert.NoError(t, err, format)
	}
}

func FuzzLogFormat(f *testing.F) {
	for _, text := range []string{"%(h)s $status", "%({a}i)s", "${a}", `{"a":"$host"}`, "%(", "$", "%%", "\xff%(h)s"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		format, err := ParseLogFormat(text)
		if err != nil {
			require.NotContains(t, err.Error(), "\n")
			return
		}
		for _, piece := range format.Pieces {
			require.NotEqual(t, piece.Text == "", piece.Field == "")
			require.False(t, strings.ContainsAny(piece.Text, "\r\n"))
		}
	})
}
