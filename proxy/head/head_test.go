package head

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/python"
)

var testLimits = Limits{Target: 64, Fields: 5, Field: 40}

// parse reads a head as it stands on the wire.
func parse(_ *testing.T, raw string) (*Head, error) {
	h := new(Head)
	return h, h.Read([]byte(raw), testLimits)
}

const host = "Host: a.example\r\n"

func TestRefusedHeads(t *testing.T) {
	cases := map[string]struct {
		raw    string
		status int
	}{
		// RFC 9112, section 3: the request line.
		"method with a separator":  {"GE(T / HTTP/1.1\r\n" + host + "\r\n", 400},
		"method beyond ASCII":      {"G\u00c9T / HTTP/1.1\r\n" + host + "\r\n", 400},
		"target longer than limit": {"GET /" + strings.Repeat("a", 64) + " HTTP/1.1\r\n" + host + "\r\n", 414},
		"target with a control":    {"GET /a\x01 HTTP/1.1\r\n" + host + "\r\n", 400},
		"target with NUL":          {"GET /\x00 HTTP/1.1\r\n" + host + "\r\n", 400},
		"target with DEL":          {"GET /\x7f HTTP/1.1\r\n" + host + "\r\n", 400},
		"target beyond ASCII":      {"GET /\xc3\xa9 HTTP/1.1\r\n" + host + "\r\n", 400},
		"target with a fragment":   {"GET /a#b HTTP/1.1\r\n" + host + "\r\n", 400},
		"HTTP/0.9":                 {"GET / HTTP/0.9\r\n" + host + "\r\n", 505},
		"HTTP/1.2":                 {"GET / HTTP/1.2\r\n" + host + "\r\n", 505},
		"HTTP/2.0":                 {"GET / HTTP/2.0\r\n" + host + "\r\n", 505},
		"protocol in lower case":   {"GET / http/1.1\r\n" + host + "\r\n", 400},
		"protocol and more":        {"GET / HTTP/1.1 x\r\n" + host + "\r\n", 400},
		"space after the protocol": {"GET / HTTP/1.1 \r\n" + host + "\r\n", 400},
		"two spaces":               {"GET  / HTTP/1.1\r\n" + host + "\r\n", 400},
		"tab for a space":          {"GET\t/ HTTP/1.1\r\n" + host + "\r\n", 400},
		"space before the method":  {" GET / HTTP/1.1\r\n" + host + "\r\n", 400},
		"one word":                 {"GET\r\n" + host + "\r\n", 400},
		"two words, HTTP/0.9":      {"GET /\r\n" + host + "\r\n", 400},
		"no request line":          {"\r\n", 400},
		"nothing":                  {"", 400},
		"line feed alone":          {"GET / HTTP/1.1\n" + host + "\r\n", 400},
		"no empty line":            {"GET / HTTP/1.1\r\n" + host, 400},
		"bytes after the head":     {"GET / HTTP/1.1\r\n" + host + "\r\nx", 400},

		// RFC 9112, section 3.2: the four forms of a target.
		"empty target":            {"GET  HTTP/1.1\r\n" + host + "\r\n", 400},
		"relative target":         {"GET a HTTP/1.1\r\n" + host + "\r\n", 400},
		"authority form":          {"GET a.example:80 HTTP/1.1\r\n" + host + "\r\n", 400},
		"CONNECT":                 {"CONNECT a.example:443 HTTP/1.1\r\n" + host + "\r\n", 501},
		"asterisk for GET":        {"GET * HTTP/1.1\r\n" + host + "\r\n", 400},
		"another scheme":          {"GET ftp://a.example/ HTTP/1.1\r\n" + host + "\r\n", 400},
		"absolute without a host": {"GET http:///x HTTP/1.1\r\n" + host + "\r\n", 400},
		"absolute, nothing more":  {"GET http:// HTTP/1.1\r\n" + host + "\r\n", 400},
		"absolute with a user":    {"GET http://u@a.example/ HTTP/1.1\r\n" + host + "\r\n", 400},
		"absolute, bad port":      {"GET http://a.example:8x/ HTTP/1.1\r\n" + host + "\r\n", 400},

		// RFC 9112, section 3.2, and RFC 9110, section 7.2: the host.
		"no Host in 1.1":      {"GET / HTTP/1.1\r\nAccept: */*\r\n\r\n", 400},
		"two Host fields":     {"GET / HTTP/1.1\r\n" + host + host + "\r\n", 400},
		"two in mixed case":   {"GET / HTTP/1.0\r\n" + host + "hOST: b\r\n\r\n", 400},
		"empty Host":          {"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400},
		"Host with a user":    {"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400},
		"Host with a path":    {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
		"Host with a space":   {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
		"Host list":           {"GET / HTTP/1.1\r\nHost: a:80,b\r\n\r\n", 400},
		"Host with an escape": {"GET / HTTP/1.1\r\nHost: a%00\r\n\r\n", 400},
		"Host beyond ASCII":   {"GET / HTTP/1.1\r\nHost: \xe9\r\n\r\n", 400},
		"port of six digits":  {"GET / HTTP/1.1\r\nHost: a:123456\r\n\r\n", 400},
		"port alone":          {"GET / HTTP/1.1\r\nHost: :80\r\n\r\n", 400},
		"two ports":           {"GET / HTTP/1.1\r\nHost: a:80:80\r\n\r\n", 400},
		"open bracket":        {"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400},
		"IPv4 in brackets":    {"GET / HTTP/1.1\r\nHost: [127.0.0.1]\r\n\r\n", 400},
		"IPv6 with a zone":    {"GET / HTTP/1.1\r\nHost: [fe80::1%25eth0]\r\n\r\n", 400},
		"text after bracket":  {"GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n", 400},

		// RFC 9112, section 5: field lines.
		"folded line":           {"GET / HTTP/1.1\r\n" + host + "X: a\r\n b\r\n\r\n", 400},
		"folded first line":     {"GET / HTTP/1.1\r\n\tb\r\n" + host + "\r\n", 400},
		"space before colon":    {"GET / HTTP/1.1\r\n" + host + "X : a\r\n\r\n", 400},
		"space in a name":       {"GET / HTTP/1.1\r\n" + host + "X Y: a\r\n\r\n", 400},
		"no name":               {"GET / HTTP/1.1\r\n" + host + ": a\r\n\r\n", 400},
		"no colon":              {"GET / HTTP/1.1\r\n" + host + "X\r\n\r\n", 400},
		"name beyond ASCII":     {"GET / HTTP/1.1\r\n" + host + "\xe9: a\r\n\r\n", 400},
		"NUL in a value":        {"GET / HTTP/1.1\r\n" + host + "X: a\x00b\r\n\r\n", 400},
		"escape in a value":     {"GET / HTTP/1.1\r\n" + host + "X: \x1b[2J\r\n\r\n", 400},
		"DEL in a value":        {"GET / HTTP/1.1\r\n" + host + "X: \x7f\r\n\r\n", 400},
		"bare CR in a value":    {"GET / HTTP/1.1\r\n" + host + "X: a\rb\r\n\r\n", 400},
		"CR before CR LF":       {"GET / HTTP/1.1\r\n" + host + "X: a\r\r\n\r\n", 400},
		"line ends with LF":     {"GET / HTTP/1.1\r\n" + host + "X: a\n\r\n", 400},
		"empty line is LF":      {"GET / HTTP/1.1\r\n" + host + "\n", 400},
		"no line end":           {"GET / HTTP/1.1\r\n" + host + "X: a", 400},
		"bytes after the end":   {"GET / HTTP/1.1\r\n" + host + "\r\nX: a\r\n\r\n", 400},
		"more fields than five": {"GET / HTTP/1.1\r\n" + host + strings.Repeat("X: a\r\n", 5) + "\r\n", 431},
		"long field":            {"GET / HTTP/1.1\r\n" + host + "X: " + strings.Repeat("a", 38) + "\r\n\r\n", 431},

		// RFC 9112, section 6: where the body ends.
		"two lengths":             {"PUT / HTTP/1.1\r\n" + host + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
		"two equal lengths":       {"PUT / HTTP/1.1\r\n" + host + "Content-Length: 1\r\ncontent-length: 1\r\n\r\n", 400},
		"list of lengths":         {"PUT / HTTP/1.1\r\n" + host + "Content-Length: 1, 1\r\n\r\n", 400},
		"length with a plus":      {"PUT / HTTP/1.1\r\n" + host + "Content-Length: +3\r\n\r\n", 400},
		"negative length":         {"PUT / HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n", 400},
		"length in hex":           {"PUT / HTTP/1.1\r\n" + host + "Content-Length: 0x1\r\n\r\n", 400},
		"length with a space":     {"PUT / HTTP/1.1\r\n" + host + "Content-Length: 1 1\r\n\r\n", 400},
		"empty length":            {"PUT / HTTP/1.1\r\n" + host + "Content-Length:\r\n\r\n", 400},
		"length beyond int64":     {"PUT / HTTP/1.1\r\n" + host + "Content-Length: 9999999999999999999\r\n\r\n", 400},
		"length and chunked":      {"PUT / HTTP/1.1\r\n" + host + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
		"chunked and length":      {"PUT / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", 400},
		"two transfer codings":    {"PUT / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
		"list of codings":         {"PUT / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
		"gzip":                    {"PUT / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip\r\n\r\n", 501},
		"identity":                {"PUT / HTTP/1.1\r\n" + host + "Transfer-Encoding: identity\r\n\r\n", 501},
		"vertical tab and coding": {"PUT / HTTP/1.1\r\n" + host + "Transfer-Encoding: \x0bchunked\r\n\r\n", 400},
		"chunked in 1.0":          {"PUT / HTTP/1.0\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n", 400},

		// RFC 9110, section 10.1.1.
		"unknown expectation": {"PUT / HTTP/1.1\r\n" + host + "Expect: 200-ok\r\n\r\n", 417},
		"one of two unknown":  {"PUT / HTTP/1.1\r\n" + host + "Expect: 100-continue\r\nExpect: x\r\n\r\n", 417},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := parse(t, c.raw)
			var refusal *Refusal
			require.ErrorAs(t, err, &refusal)
			assert.Equal(t, c.status, refusal.Status, refusal.Reason)
			assert.NotEmpty(t, refusal.Reason)
		})
	}
}

func TestAcceptedHeads(t *testing.T) {
	cases := map[string]struct {
		raw  string
		want Head
	}{
		"origin form": {"GET /a?b?c HTTP/1.1\r\n" + host + "\r\n",
			Head{Path: []byte("/a"), Query: []byte("b?c"), Host: []byte("a.example"), Length: -1}},
		"absolute form": {"GET http://b.example:81/a?b HTTP/1.1\r\n" + host + "\r\n",
			Head{Path: []byte("/a"), Query: []byte("b"), Host: []byte("b.example:81"), Absolute: true, Length: -1}},
		"absolute form, scheme in capitals": {"GET HTTPS://b/ HTTP/1.1\r\n" + host + "\r\n",
			Head{Path: []byte("/"), Host: []byte("b"), Absolute: true, Length: -1}},
		"absolute form without a path": {"GET http://b HTTP/1.1\r\n" + host + "\r\n",
			Head{Path: []byte("/"), Query: []byte{}, Host: []byte("b"), Absolute: true, Length: -1}},
		"absolute form, query alone": {"GET http://b?c HTTP/1.1\r\n" + host + "\r\n",
			Head{Path: []byte("/"), Query: []byte("c"), Host: []byte("b"), Absolute: true, Length: -1}},
		"asterisk form": {"OPTIONS * HTTP/1.1\r\n" + host + "\r\n",
			Head{Path: []byte("*"), Host: []byte("a.example"), Length: -1}},
		"empty query": {"GET /? HTTP/1.1\r\n" + host + "\r\n",
			Head{Path: []byte("/"), Query: []byte{}, Host: []byte("a.example"), Length: -1}},
		"IPv6 host with a port": {"GET / HTTP/1.1\r\nHost: [::1]:8000\r\n\r\n",
			Head{Path: []byte("/"), Host: []byte("[::1]:8000"), Length: -1}},
		"host with an empty port": {"GET / HTTP/1.1\r\nHost: a:\r\n\r\n",
			Head{Path: []byte("/"), Host: []byte("a:"), Length: -1}},
		"1.0 without fields": {"GET / HTTP/1.0\r\n\r\n",
			Head{Path: []byte("/"), Length: -1}},
		"length": {"PUT / HTTP/1.1\r\n" + host + "content-LENGTH: 000012\r\n\r\n",
			Head{Path: []byte("/"), Host: []byte("a.example"), Length: 12}},
		"length of none": {"PUT / HTTP/1.1\r\n" + host + "Content-Length: 0\r\n\r\n",
			Head{Path: []byte("/"), Host: []byte("a.example"), Length: 0}},
		"chunked": {"PUT / HTTP/1.1\r\n" + host + "Transfer-Encoding: Chunked\r\n\r\n",
			Head{Path: []byte("/"), Host: []byte("a.example"), Length: -1, Chunked: true}},
		"expectation": {"PUT / HTTP/1.1\r\n" + host + "Content-Length: 1\r\nExpect: 100-Continue\r\n\r\n",
			Head{Path: []byte("/"), Host: []byte("a.example"), Length: 1}},
		"expectation without a body": {"PUT / HTTP/1.1\r\n" + host + "Expect: 100-continue\r\n\r\n",
			Head{Path: []byte("/"), Host: []byte("a.example"), Length: -1}},
		"expectation in 1.0": {"PUT / HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n",
			Head{Path: []byte("/"), Length: 1}},
		"extension method": {"M-SEARCH / HTTP/1.1\r\n" + host + "\r\n",
			Head{Path: []byte("/"), Host: []byte("a.example"), Length: -1}},
		"lower-case method": {"get / HTTP/1.1\r\n" + host + "\r\n",
			Head{Path: []byte("/"), Host: []byte("a.example"), Length: -1}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			h, err := parse(t, c.raw)
			require.NoError(t, err)
			assert.Equal(t, string(c.want.Path), string(h.Path), "path")
			assert.Equal(t, string(c.want.Query), string(h.Query), "query")
			assert.Equal(t, string(c.want.Host), string(h.Host), "host")
			assert.Equal(t, c.want.Absolute, h.Absolute, "absolute")
			assert.Equal(t, c.want.Length, h.Length, "length")
			assert.Equal(t, c.want.Chunked, h.Chunked, "chunked")
			assert.Equal(t, c.want.Length >= 0 || c.want.Chunked, h.HasBody(), "has a body")
		})
	}
}

func TestFieldsAreKeptAsTheyCame(t *testing.T) {
	h, err := parse(t, "GET / HTTP/1.1\r\n"+host+"x-a: \t 1 \t\r\nX-A:2\r\nX-Empty:\r\nX-B: \xe9\tb\r\n\r\n")
	require.NoError(t, err)
	assert.Equal(t, []python.Field{
		{Name: []byte("Host"), Value: []byte("a.example")},
		{Name: []byte("x-a"), Value: []byte("1")},
		{Name: []byte("X-A"), Value: []byte("2")},
		{Name: []byte("X-Empty"), Value: []byte{}},
		{Name: []byte("X-B"), Value: []byte("\xe9\tb")},
	}, h.Fields)
}

func TestAHeadThatIsUsedAgainForgets(t *testing.T) {
	h, err := parse(t, "PUT http://b/a?c HTTP/1.1\r\n"+host+"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n")
	require.NoError(t, err)
	require.NoError(t, h.Read([]byte("GET / HTTP/1.0\r\n\r\n"), testLimits))
	assert.Equal(t, Head{
		Method: []byte("GET"), Target: []byte("/"), Protocol: []byte("HTTP/1.0"),
		Fields: h.Fields, Path: []byte("/"), Length: -1,
	}, *h)
	assert.Empty(t, h.Fields)
}

func TestExactlyTheLimitsAreAccepted(t *testing.T) {
	target := "/" + strings.Repeat("a", testLimits.Target-1)
	long := "X: " + strings.Repeat("a", testLimits.Field-len("X: ")) + "\r\n"
	h, err := parse(t, "GET "+target+" HTTP/1.1\r\n"+host+strings.Repeat(long, testLimits.Fields-1)+"\r\n")
	require.NoError(t, err)
	assert.Equal(t, target, string(h.Path))
	assert.Len(t, h.Fields, testLimits.Fields)
}

func TestIsToken(t *testing.T) {
	assert.True(t, IsToken([]byte("X-a_1!#$%&'*+.^`|~")))
	for _, bad := range []string{"", " ", "a b", "a:", "a\x00", "\xff", "(", "\"", "/", "a,"} {
		assert.False(t, IsToken([]byte(bad)), "%q", bad)
	}
}

func TestConnectionOptions(t *testing.T) {
	cases := map[string]struct {
		protocol, fields string
		persistent       bool
	}{
		"1.1":                     {"HTTP/1.1", "", true},
		"1.1, close":              {"HTTP/1.1", "Connection: close\r\n", false},
		"1.1, Close among others": {"HTTP/1.1", "Connection: upgrade ,\tClose\r\n", false},
		"1.1, close in a second":  {"HTTP/1.1", "Connection: keep-alive\r\nConnection: close\r\n", false},
		"1.1, a longer word":      {"HTTP/1.1", "Connection: closed\r\n", true},
		"1.1, empty":              {"HTTP/1.1", "Connection:\r\n", true},
		"1.0":                     {"HTTP/1.0", "", false},
		"1.0, keep-alive":         {"HTTP/1.0", "Connection: Keep-Alive\r\n", true},
		"1.0, both":               {"HTTP/1.0", "Connection: keep-alive, close\r\n", false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			h, err := parse(t, "GET / "+c.protocol+"\r\n"+host+c.fields+"\r\n")
			require.NoError(t, err)
			assert.Equal(t, c.persistent, h.Persistent())
		})
	}
}

// TestExpectationOf10: RFC 9110, section 10.1.1.
func TestExpectationOf10(t *testing.T) {
	for _, value := range []string{"100-continue", "something"} {
		h, err := parse(t, "POST / HTTP/1.0\r\nExpect: "+value+"\r\nContent-Length: 1\r\n\r\n")
		require.NoError(t, err)
		assert.False(t, h.Expects)
	}
	h, err := parse(t, "POST / HTTP/1.1\r\n"+host+"Expect: 100-Continue\r\nContent-Length: 1\r\n\r\n")
	require.NoError(t, err)
	assert.True(t, h.Expects)
}

// FuzzRead holds Read to its promises: it does not panic, and what it accepts can be read in one way only.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"GET / HTTP/1.1\r\n" + host + "\r\n",
		"PUT http://b:1/a?c HTTP/1.1\r\n" + host + "Content-Length: 5\r\n\r\n",
		"PUT / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n",
		"OPTIONS * HTTP/1.0\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: [::1]:80\r\nX: a\r\n b\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, block []byte) {
		h := new(Head)
		if err := h.Read(block, testLimits); err != nil {
			var refusal *Refusal
			require.ErrorAs(t, err, &refusal)
			require.GreaterOrEqual(t, refusal.Status, http.StatusBadRequest)
			return
		}
		require.True(t, IsToken(h.Method))
		require.Contains(t, []string{"HTTP/1.1", "HTTP/1.0"}, string(h.Protocol))
		require.LessOrEqual(t, len(h.Target), testLimits.Target)
		require.True(t, string(h.Path) == "*" || bytes.HasPrefix(h.Path, []byte("/")), "path %q", h.Path)
		requirePlainFields(t, h, string(h.Protocol) == "HTTP/1.1")
	})
}

// requirePlainFields demands token names, no control bytes, one Host, one framing, and that the block was nothing else
// than the fields.
func requirePlainFields(t *testing.T, h *Head, http11 bool) {
	t.Helper()
	count := map[string]int{}
	require.LessOrEqual(t, len(h.Fields), testLimits.Fields)
	for _, field := range h.Fields {
		require.True(t, IsToken(field.Name), "name %q", field.Name)
		require.NotContains(t, string(field.Value), "\n")
		for _, c := range field.Value {
			require.True(t, c == '\t' || (c >= ' ' && c != 0x7f), "value %q", field.Value)
		}
		name := strings.ToLower(string(field.Name))
		count[name]++
		if name == "content-length" {
			n, err := strconv.ParseUint(string(field.Value), 10, 63)
			require.NoError(t, err)
			require.Equal(t, int64(n), h.Length)
		}
	}
	require.LessOrEqual(t, count["host"], 1)
	require.True(t, count["host"] == 1 || !http11)
	require.LessOrEqual(t, count["content-length"]+count["transfer-encoding"], 1)
	require.Equal(t, count["content-length"] == 1, h.Length >= 0)
	require.Equal(t, count["transfer-encoding"] == 1, h.Chunked)
	require.True(t, http11 || !h.Chunked)
	if len(h.Host) > 0 {
		require.True(t, isHost(h.Host), "host %q", h.Host)
		require.NotContains(t, string(h.Host), "@")
	}
}
