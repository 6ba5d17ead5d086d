package key

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"

	"forebay/config"
	"forebay/python"
)

func sources(parts ...config.KeyPart) config.LimitKey { return config.LimitKey{Parts: parts} }

var (
	address = config.KeyPart{{Kind: config.KeyAddress}}
	method  = config.KeyPart{{Kind: config.KeyMethod}}
	path    = config.KeyPart{{Kind: config.KeyPath}}
	apiKey  = config.KeyPart{{Kind: config.KeyHeader, Name: "x-api-key"}}
	session = config.KeyPart{{Kind: config.KeyCookie, Name: "session"}}
	either  = config.KeyPart{apiKey[0], address[0]}
)

// request is one from an address, with fields in pairs.
func request(addr string, fields ...string) *Request {
	r := &Request{Method: []byte("GET"), Path: []byte("/a")}
	if addr != "" {
		r.Addr = netip.MustParseAddr(addr)
	}
	for i := 0; i < len(fields); i += 2 {
		r.Fields = append(r.Fields, python.Field{Name: []byte(fields[i]), Value: []byte(fields[i+1])})
	}
	return r
}

func (r *Request) at(method, path string) *Request {
	r.Method, r.Path = []byte(method), []byte(path)
	return r
}

// keyOf is the key of a request, or nothing if it has none.
func keyOf(k config.LimitKey, r *Request) string {
	b, ok := New(k, 64).Append(nil, r)
	if !ok {
		return ""
	}
	return string(b)
}

func TestWhichRequestsHaveTheSameKey(t *testing.T) {
	cases := map[string]struct {
		key  config.LimitKey
		a, b *Request
		same bool
	}{
		"one address":            {sources(address), request("192.0.2.1"), request("192.0.2.1", "X", "y"), true},
		"two addresses":          {sources(address), request("192.0.2.1"), request("192.0.2.2"), false},
		"one /64":                {sources(address), request("2001:db8::1"), request("2001:db8::ffff:0:0:2"), true},
		"two /64":                {sources(address), request("2001:db8::1"), request("2001:db8:0:1::1"), false},
		"a zone":                 {sources(address), request("fe80::1%eth0"), request("fe80::1%eth1"), true},
		"unix sockets":           {sources(address), request(""), request(""), true},
		"a unix socket and not":  {sources(address), request(""), request("0.0.0.0"), false},
		"IPv4 is not IPv6":       {sources(address), request("0.0.0.0"), request("::"), false},
		"all":                    {sources(config.KeyPart{{Kind: config.KeyAll}}), request("192.0.2.1"), request("::1").at("POST", "/b"), true},
		"two methods":            {sources(method), request("::1"), request("::1").at("POST", "/a"), false},
		"two paths":              {sources(address, path), request("::1"), request("::1").at("GET", "/b"), false},
		"parts that slide":       {sources(method, path), request("").at("GE", "T/a"), request("").at("GET", "/a"), false},
		"a field":                {sources(apiKey), request("::1", "X-Api-Key", "k"), request("::2", "x-api-KEY", "k"), true},
		"two values":             {sources(apiKey), request("::1", "X-Api-Key", "k"), request("::1", "X-Api-Key", "K"), false},
		"a field twice":          {sources(apiKey), request("::1", "X-Api-Key", "k", "X-Api-Key", "l"), request("::1", "X-Api-Key", "k,l"), true},
		"a field, junk behind":   {sources(apiKey), request("::1", "X-Api-Key", "k", "X-Api-Key", "l"), request("::1", "X-Api-Key", "k"), false},
		"either":                 {sources(either), request("::1", "X-Api-Key", "k"), request("::2", "X-Api-Key", "k"), true},
		"either, none":           {sources(either), request("::1"), request("::1", "X-Api-Key", ""), true},
		"a key like an address":  {sources(either), request("49.50.51.52"), request("::1", "X-Api-Key", "1234"), false},
		"a cookie":               {sources(session), request("::1", "Cookie", "a=b; session=1; c=d"), request("::2", "Cookie", "session=1"), true},
		"two cookies":            {sources(session), request("::1", "Cookie", "session=1"), request("::1", "Cookie", "session=2"), false},
		"another cookie":         {sources(session), request("::1", "Cookie", "session=1; sessions=1"), request("::1", "Cookie", "session=1; sessions=2"), true},
		"a cookie in quotes":     {sources(session), request("::1", "Cookie", `session="1"`), request("::1", "Cookie", "session=1"), true},
		"a cookie with spaces":   {sources(session), request("::1", "Cookie", " session = 1 ;"), request("::1", "Cookie", "session=1"), true},
		"a cookie twice, alike":  {sources(session), request("::1", "Cookie", "session=1; session=1"), request("::1", "Cookie", "session=1"), true},
		"a cookie twice":         {sources(session), request("::1", "Cookie", "session=1; session=2"), request("::2", "Cookie", "session=1", "Cookie", "session=3"), true},
		"a cookie twice is one":  {sources(session), request("::1", "Cookie", "session=1; session=2"), request("::1", "Cookie", "session=1"), false},
		"escapes in quotes":      {sources(session), request("::1", "Cookie", `session="\0611"`), request("::2", "Cookie", `session="a\061"`), true},
		"escapes are not itself": {sources(session), request("::1", "Cookie", `session="\061"`), request("::2", "Cookie", `session="1"`), false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			a, b := keyOf(c.key, c.a), keyOf(c.key, c.b)
			assert.NotEmpty(t, a)
			assert.NotEmpty(t, b)
			assert.Equal(t, c.same, a == b)
		})
	}
}

func TestRequestsWithoutAKey(t *testing.T) {
	cases := map[string]struct {
		key config.LimitKey
		r   *Request
	}{
		"no field":            {sources(apiKey), request("::1")},
		"an empty field":      {sources(apiKey), request("::1", "X-Api-Key", "")},
		"one of two parts":    {sources(address, apiKey), request("::1")},
		"no cookie":           {sources(session), request("::1", "Cookie", "a=b")},
		"an empty cookie":     {sources(session), request("::1", "Cookie", `session=""; session=""`)},
		"a cookie of no name": {sources(session), request("::1", "Cookie", "session")},
		"an empty jar":        {sources(session), request("::1", "Cookie", ";;")},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { assert.Empty(t, keyOf(c.key, c.r)) })
	}
}

func TestIPv6Prefixes(t *testing.T) {
	a, b := request("2001:db8:1:ff00::1"), request("2001:db8:1:fe00::1")
	for bits, same := range map[int]bool{1: true, 48: true, 55: true, 56: false, 64: false, 128: false} {
		keyA, _ := New(sources(address), bits).Append(nil, a)
		keyB, _ := New(sources(address), bits).Append(nil, b)
		assert.Equal(t, same, string(keyA) == string(keyB), bits)
	}
}

func TestNothingIsAllocated(t *testing.T) {
	m := New(sources(address, either, session, path), 64)
	r := request("2001:db8::1", "X-Api-Key", "k", "Cookie", "a=b; session=1")
	b := make([]byte, 0, 200)
	assert.Zero(t, testing.AllocsPerRun(100, func() { _, _ = m.Append(b, r) }))
}

// FuzzKey: keys of two requests are the same only if the values are.
func FuzzKey(f *testing.F) {
	f.Add("GET", "/a", "k", "GE", "T/a", "k")
	f.Add("GET", "/a", "", "GET", "/a\x00\x00", "k")
	f.Fuzz(func(t *testing.T, method1, path1, key1, method2, path2, key2 string) {
		k := sources(method, either, path)
		a := keyOf(k, request("::1", "X-Api-Key", key1).at(method1, path1))
		b := keyOf(k, request("::1", "X-Api-Key", key2).at(method2, path2))
		assert.Equal(t, method1 == method2 && path1 == path2 && key1 == key2, a == b)
	})
}

// FuzzCookie: whatever a client sends, a value in the key is one that stands in the field.
func FuzzCookie(f *testing.F) {
	for _, seed := range []string{"session=1", `a=b; session="1"`, "session=1;session=2", `session="\061"`, "=;session;session=="} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, jar string) {
		b, found := appendCookie(nil, request("::1", "Cookie", jar).Fields, "session")
		switch found {
		case present:
			assert.NotEmpty(t, b)
			assert.Contains(t, jar, string(b))
			assert.NotContains(t, string(b), ";")
		default:
			assert.Empty(t, b)
		}
	})
}
