package python

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// get is a request without a body and without fields.
func get() *Meta {
	return &Meta{
		Method: []byte("GET"), Target: []byte("/a?b"), Path: []byte("/a"), Query: []byte("b"), Protocol: []byte("HTTP/1.1"),
		Scheme: "http", ServerName: []byte("192.0.2.1"), ServerPort: []byte("8000"),
		RemoteAddr: []byte("192.0.2.7"), RemotePort: []byte("53124"), RequestID: []byte("0f3a"),
	}
}

// getEnviron is the environ of get.
func getEnviron() map[string]string {
	return map[string]string{
		"REQUEST_METHOD": "GET", "PATH_INFO": "/a", "QUERY_STRING": "b", "RAW_URI": "/a?b", "REQUEST_URI": "/a?b",
		"SERVER_PROTOCOL": "HTTP/1.1", "wsgi.url_scheme": "http", "SERVER_NAME": "192.0.2.1", "SERVER_PORT": "8000",
		"REMOTE_ADDR": "192.0.2.7", "REMOTE_PORT": "53124", "forebay.request_id": "0f3a",
	}
}

// lines makes fields of "Name: value".
func lines(of ...string) []Field {
	fields := make([]Field, len(of))
	for i, line := range of {
		name, value, _ := strings.Cut(line, ": ")
		fields[i] = Field{Name: []byte(name), Value: []byte(value)}
	}
	return fields
}

// environOf reads an environ as it stands on the wire: texts as the bytes that they stand for, and no key twice, which a
// dict would hide.
func environOf(t *testing.T, wire []byte) map[string]string {
	t.Helper()
	r := &reader{wire}
	environ := readEnviron(t, r)
	require.Empty(t, r.b, "bytes after the environ")
	return environ
}

func readEnviron(t *testing.T, r *reader) map[string]string {
	t.Helper()
	require.NoError(t, r.expect(codeDict))
	environ := map[string]string{}
	for {
		require.NotEmpty(t, r.b, "the environ has no end")
		if r.b[0] == codeNull {
			r.b = r.b[1:]
			return environ
		}
		key, err := r.utf8()
		require.NoError(t, err)
		require.NotContains(t, environ, string(key))
		value, err := r.latin1()
		require.NoError(t, err, "value of %s", key)
		environ[string(key)] = string(value)
	}
}

func TestEnvironOfARequestWithoutFields(t *testing.T) {
	assert.Equal(t, getEnviron(), environOf(t, appendEnviron(nil, get(), 0)))
}

func TestEnvironOfFields(t *testing.T) {
	many := make([]string, 300)
	manyKeys := map[string]string{}
	for i := range many {
		many[i] = fmt.Sprintf("X-%d: %d", i, i)
		manyKeys[fmt.Sprintf("HTTP_X_%d", i)] = fmt.Sprint(i)
	}
	tests := map[string]struct {
		fields []Field
		want   map[string]string
	}{
		"RFC 3875 4.1.18: upper case, - to _, HTTP_ before": {
			lines("User-Agent: curl/8.5"), map[string]string{"HTTP_USER_AGENT": "curl/8.5"},
		},
		"names in odd case": {
			lines("x-fOO-bAR: 1", "ACCEPT: a"), map[string]string{"HTTP_X_FOO_BAR": "1", "HTTP_ACCEPT": "a"},
		},
		"every character of a token": {
			lines("a!#$%&'*+.^`|~9: 1"), map[string]string{"HTTP_A!#$%&'*+.^`|~9": "1"},
		},
		"empty value": {lines("X-Empty: "), map[string]string{"HTTP_X_EMPTY": ""}},
		"latin-1 value": {
			lines("X-Name: caf\xe9 \x80\xff"), map[string]string{"HTTP_X_NAME": "caf\xe9 \x80\xff"},
		},
		"RFC 9110 5.3: lines of one name are joined in order": {
			lines("Accept: a", "X-B: 1", "accept: b", "ACCEPT: c"), map[string]string{"HTTP_ACCEPT": "a, b, c", "HTTP_X_B": "1"},
		},
		"joined latin-1 values": {
			lines("X-N: \xe9", "X-N: \xff"), map[string]string{"HTTP_X_N": "\xe9, \xff"},
		},
		"joined empty values": {lines("X-N: ", "X-N: "), map[string]string{"HTTP_X_N": ", "}},
		"RFC 6265 5.4: Cookie is joined with a semicolon": {
			lines("Cookie: a=1", "cookie: b=2", "COOKIE: c=3"), map[string]string{"HTTP_COOKIE": "a=1; b=2; c=3"},
		},
		"RFC 3875 4.1.3: CONTENT_TYPE has no HTTP_": {
			lines("content-TYPE: text/plain"), map[string]string{"CONTENT_TYPE": "text/plain"},
		},
		"repeated CONTENT_TYPE": {
			lines("Content-Type: a/b", "Content-Type: c/d"), map[string]string{"CONTENT_TYPE": "a/b, c/d"},
		},
		"Host": {lines("Host: example.org:8000"), map[string]string{"HTTP_HOST": "example.org:8000"}},
		"Content-Length comes from the body": {
			lines("Content-Length: 7", "CONTENT-LENGTH: 7"), map[string]string{},
		},
		"names that the front has dealt with": {
			lines("Transfer-Encoding: chunked", "TE: trailers", "Trailer: X-Sum", "Expect: 100-continue", "eXPECT: x"),
			map[string]string{"HTTP_TE": "trailers"},
		},
		"httpoxy": {lines("Proxy: http://evil/", "pROXY: x", "X-Proxy: y"), map[string]string{"HTTP_X_PROXY": "y"}},
		"names with _": {
			lines("X_Forwarded_For: evil", "Content_Type: evil", "Content_Length: 1", "_: evil", "X-A_: evil", "_X: evil"),
			map[string]string{},
		},
		"a name with _ takes no field away": {
			lines("X_Real_IP: evil", "X-Real-IP: 192.0.2.1"), map[string]string{"HTTP_X_REAL_IP": "192.0.2.1"},
		},
		"a name with _ is not joined to a field": {
			lines("X-Real-IP: 192.0.2.1", "X_Real-IP: evil", "X_Real_IP: evil"),
			map[string]string{"HTTP_X_REAL_IP": "192.0.2.1"},
		},
		"names that differ only within are not one": {
			lines("X-Alpha-1: a", "X-Omega-1: o"), map[string]string{"HTTP_X_ALPHA_1": "a", "HTTP_X_OMEGA_1": "o"},
		},
		"many fields": {lines(many...), manyKeys},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m := get()
			m.Fields = tt.fields
			want := getEnviron()
			for key, value := range tt.want {
				want[key] = value
			}
			assert.Equal(t, want, environOf(t, appendEnviron(nil, m, 0)))
		})
	}
}

func TestEnvironOfMeta(t *testing.T) {
	tests := map[string]struct {
		change func(m *Meta)
		size   int64
		want   map[string]string
	}{
		"PEP 3333: PATH_INFO is bytes in latin-1": {
			func(m *Meta) { m.Path = []byte("/caf\xc3\xa9/\xff") }, 0, map[string]string{"PATH_INFO": "/caf\xc3\xa9/\xff"},
		},
		"PATH_INFO of the mount itself is empty": {
			func(m *Meta) { m.Path = nil }, 0, map[string]string{"PATH_INFO": ""},
		},
		"PEP 3333: QUERY_STRING may be empty": {
			func(m *Meta) { m.Query = nil }, 0, map[string]string{"QUERY_STRING": ""},
		},
		"CONTENT_LENGTH is the real size of a body": {
			func(m *Meta) { m.HasLength, m.Fields = true, lines("Content-Length: 1", "Transfer-Encoding: chunked") },
			5_000_000_000, map[string]string{"CONTENT_LENGTH": "5000000000"},
		},
		"CONTENT_LENGTH of an empty body": {
			func(m *Meta) { m.HasLength = true }, 0, map[string]string{"CONTENT_LENGTH": "0"},
		},
		"RFC 9112 3.2.2: the host of an absolute target replaces the field": {
			func(m *Meta) { m.Host, m.Fields = []byte("target.example"), lines("hOST: field.example", "X-A: 1") },
			0, map[string]string{"HTTP_HOST": "target.example", "HTTP_X_A": "1"},
		},
		"the host of an absolute target without the field": {
			func(m *Meta) { m.Host = []byte("target.example") }, 0, map[string]string{"HTTP_HOST": "target.example"},
		},
		"https": {func(m *Meta) { m.Scheme = "https" }, 0, map[string]string{"wsgi.url_scheme": "https"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m, want := get(), getEnviron()
			tt.change(m)
			for key, value := range tt.want {
				want[key] = value
			}
			assert.Equal(t, want, environOf(t, appendEnviron(nil, m, tt.size)))
		})
	}
}

func TestHasRepeats(t *testing.T) {
	tests := map[string]struct {
		fields []Field
		want   bool
	}{
		"no fields":          {nil, false},
		"one field":          {lines("A: 1"), false},
		"usual fields":       {lines("Host: a", "User-Agent: b", "Accept: c", "Accept-Encoding: d", "Cookie: e"), false},
		"a name twice":       {lines("Accept: a", "Host: b", "Accept: c"), true},
		"in another case":    {lines("ACCEPT: a", "accept: b"), true},
		"false positive":     {lines("X-Alpha-1: a", "X-Omega-1: b"), true},
		"names of no length": {lines(": a", ": b"), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tt.want, hasRepeats(tt.fields))
		})
	}
}

// A sketch may say yes too often, but never no wrongly: a repeated field would become a key that is there twice.
func TestHasRepeatsNeverMissesOne(t *testing.T) {
	const characters = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test that can be repeated
	for range 2000 {
		name := make([]byte, 1+random.IntN(30))
		for i := range name {
			name[i] = characters[random.IntN(len(characters))]
		}
		other := strings.ToUpper(string(name))
		require.True(t, hasRepeats([]Field{{Name: name}, {Name: []byte("Host")}, {Name: []byte(other)}}), "%q", name)
	}
}

func TestEqualFold(t *testing.T) {
	tests := map[string]struct {
		name, lower string
		want        bool
	}{
		"same":                    {"cookie", "cookie", true},
		"other case":              {"CoOkIE", "cookie", true},
		"shorter":                 {"cooki", "cookie", false},
		"not a letter":            {"@", "`", false},
		"no case beyond ASCII":    {"\xc9", "\xe9", false},
		"dash is not underscore":  {"a_b", "a-b", false},
		"the Kelvin sign is no k": {"coo\u212aie", "cookie", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tt.want, EqualFold([]byte(tt.name), tt.lower))
		})
	}
}

func TestEnvironIsWrittenWithoutAllocations(t *testing.T) {
	m := get()
	m.HasLength, m.Fields = true, eightFields()
	m.Fields = append(m.Fields, lines("Cookie: b=2")...)
	buffer := make([]byte, 0, 4<<10)
	assert.Zero(t, testing.AllocsPerRun(100, func() { buffer = appendEnviron(buffer[:0], m, 7) }))
}

// eightFields are what a browser sends, about.
func eightFields() []Field {
	return lines("Host: example.org", "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
		"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "Accept-Language: en-US,en;q=0.5",
		"Accept-Encoding: gzip, deflate, br", "Connection: keep-alive", "Cookie: session=0123456789abcdef", "DNT: 1")
}
