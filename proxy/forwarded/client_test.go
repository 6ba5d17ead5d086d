package forwarded

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// lines makes field values.
func lines(values ...string) [][]byte {
	var out [][]byte
	for _, v := range values {
		out = append(out, []byte(v))
	}
	return out
}

var peer = netip.MustParseAddrPort("10.0.0.1:4711")

func TestResolveXForwardedFor(t *testing.T) {
	tests := map[string]struct {
		field [][]byte
		want  string // address and port; the peer's when empty
	}{
		"nothing":                          {lines(), ""},
		"an empty line":                    {lines(""), ""},
		"only commas":                      {lines(" , ,,", ","), ""},
		"an address":                       {lines("192.0.2.7"), "192.0.2.7:0"},
		"the rightmost":                    {lines("192.0.2.7, 192.0.2.8"), "192.0.2.8:0"},
		"the rightmost of lines":           {lines("192.0.2.7", "192.0.2.8"), "192.0.2.8:0"},
		"no space":                         {lines("192.0.2.7,192.0.2.8"), "192.0.2.8:0"},
		"much space":                       {lines("192.0.2.7 ,\t 192.0.2.8 \t"), "192.0.2.8:0"},
		"empty elements":                   {lines("192.0.2.8, ,", "", ","), "192.0.2.8:0"},
		"one trusted proxy more":           {lines("192.0.2.7, 10.0.0.2"), "192.0.2.7:0"},
		"and on another line":              {lines("192.0.2.6, 192.0.2.7", "10.0.0.2"), "192.0.2.7:0"},
		"spoofed left of the client":       {lines("127.0.0.1, 10.0.0.9, 192.0.2.7, 10.0.0.2"), "192.0.2.7:0"},
		"all trusted: the leftmost":        {lines("10.0.0.4, 10.0.0.3", "10.0.0.2"), "10.0.0.4:0"},
		"a port":                           {lines("192.0.2.7:8080"), "192.0.2.7:8080"},
		"port 0 is unknown":                {lines("192.0.2.7:0"), "192.0.2.7:0"},
		"IPv6":                             {lines("2001:db8::7"), "[2001:db8::7]:0"},
		"IPv6 in brackets":                 {lines("[2001:db8::7]"), "[2001:db8::7]:0"},
		"IPv6 with a port":                 {lines("[2001:db8::7]:443"), "[2001:db8::7]:443"},
		"IPv6 with a zone":                 {lines("fe80::7%eth0"), "[fe80::7]:0"},
		"IPv6 with a zone, in brackets":    {lines("[fe80::7%eth0]:1"), "[fe80::7]:1"},
		"mapped":                           {lines("::ffff:192.0.2.7"), "192.0.2.7:0"},
		"mapped, in brackets":              {lines("[::ffff:192.0.2.7]:1"), "192.0.2.7:1"},
		"mapped and trusted":               {lines("192.0.2.7, ::ffff:10.0.0.2"), "192.0.2.7:0"},
		"garbage":                          {lines("whoever"), ""},
		"garbage left of trusted":          {lines("192.0.2.7, whoever, 10.0.0.2"), "10.0.0.2:0"},
		"garbage left of the client":       {lines("whoever, 192.0.2.7"), "192.0.2.7:0"},
		"garbage on the right":             {lines("192.0.2.7, whoever"), ""},
		"unknown":                          {lines("192.0.2.7, unknown"), ""},
		"unix, as nginx says":              {lines("192.0.2.7, unix:"), ""},
		"an address in quotes":             {lines(`"192.0.2.7"`), ""},
		"IPv4 in brackets":                 {lines("[192.0.2.7]"), ""},
		"IPv4 with a zone":                 {lines("192.0.2.7%eth0"), ""},
		"mapped with a zone":               {lines("::ffff:192.0.2.7%eth0"), ""},
		"an empty zone":                    {lines("fe80::7%"), ""},
		"a number as address":              {lines("3221225991"), ""},
		"octal":                            {lines("0300.0.2.7"), ""},
		"a bracket that stays open":        {lines("[2001:db8::7"), ""},
		"something after the bracket":      {lines("[2001:db8::7]x"), ""},
		"an empty port":                    {lines("192.0.2.7:"), ""},
		"an empty port after the bracket":  {lines("[2001:db8::7]:"), ""},
		"a port too large":                 {lines("192.0.2.7:65536"), ""},
		"a port too long":                  {lines("192.0.2.7:000080"), ""},
		"a port that is none":              {lines("192.0.2.7:http"), ""},
		"two addresses without a comma":    {lines("192.0.2.7 192.0.2.8"), ""},
		"an address with a line's end":     {lines("192.0.2.7\n"), ""},
		"the whole of an IPv6 with a port": {lines("2001:db8:1:2:3:4:5:6:80"), ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if tt.want == "" {
				tt.want = peer.String()
			}
			got := trust(t, "10.0.0.0/8").Resolve(peer, false, Fields{XForwardedFor: tt.field})
			assert.Equal(t, tt.want, netip.AddrPortFrom(got.Addr, got.Port).String())
		})
	}
}

func TestResolveTheOtherXForwardedFields(t *testing.T) {
	plain := Client{Addr: peer.Addr(), Port: peer.Port()}
	with := func(change func(c *Client)) Client {
		c := plain
		change(&c)
		return c
	}
	tests := map[string]struct {
		fields Fields
		want   Client
	}{
		"https":                 {Fields{XForwardedProto: lines("https")}, with(func(c *Client) { c.Scheme = "https" })},
		"http":                  {Fields{XForwardedProto: lines("HTTP")}, with(func(c *Client) { c.Scheme = "http" })},
		"wss is no scheme here": {Fields{XForwardedProto: lines("wss")}, plain},
		"a long s":              {Fields{XForwardedProto: lines("httpſ")}, plain},
		"the rightmost":         {Fields{XForwardedProto: lines("https, http")}, with(func(c *Client) { c.Scheme = "http" })},
		"of the last line":      {Fields{XForwardedProto: lines("http", "https")}, with(func(c *Client) { c.Scheme = "https" })},
		"garbage on the right":  {Fields{XForwardedProto: lines("https, x")}, plain},
		"a host":                {Fields{XForwardedHost: lines("Shop.example")}, with(func(c *Client) { c.Host = []byte("Shop.example") })},
		"a host with a port":    {Fields{XForwardedHost: lines("a_b-c.example:8443")}, with(func(c *Client) { c.Host = []byte("a_b-c.example:8443") })},
		"an IPv6 host":          {Fields{XForwardedHost: lines("[::1]:80")}, with(func(c *Client) { c.Host = []byte("[::1]:80") })},
		"the rightmost host":    {Fields{XForwardedHost: lines("evil.example, shop.example")}, with(func(c *Client) { c.Host = []byte("shop.example") })},
		"a login":               {Fields{XForwardedHost: lines("user@evil.example")}, plain},
		"a path":                {Fields{XForwardedHost: lines("evil.example/x")}, plain},
		"a quote":               {Fields{XForwardedHost: lines(`a"b`)}, plain},
		"only a port":           {Fields{XForwardedHost: lines(":80")}, plain},
		"an empty port":         {Fields{XForwardedHost: lines("a:")}, plain},
		"a zone":                {Fields{XForwardedHost: lines("[fe80::1%25<x>]")}, plain},
		"a bare IPv6":           {Fields{XForwardedHost: lines("::1")}, plain},
		"IPv4 in brackets":      {Fields{XForwardedHost: lines("[1.2.3.4]")}, plain},
		"beyond ASCII":          {Fields{XForwardedHost: lines("bücher.example")}, plain},
		"a port":                {Fields{XForwardedPort: lines("8443")}, with(func(c *Client) { c.ServerPort = 8443 })},
		"a port that is none":   {Fields{XForwardedPort: lines("-1")}, plain},
		"all together": {
			Fields{XForwardedFor: lines("192.0.2.7:99"), XForwardedProto: lines("https"), XForwardedHost: lines("a"), XForwardedPort: lines("1")},
			Client{netip.MustParseAddr("192.0.2.7"), 99, "https", []byte("a"), 1},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tt.want, trust(t, "10.0.0.0/8").Resolve(peer, false, tt.fields))
		})
	}
}

func TestResolveForwarded(t *testing.T) {
	tests := map[string]struct {
		field  [][]byte
		want   string // address and port; the peer's when empty
		scheme string
		host   string
	}{
		"an address":                          {lines("for=192.0.2.7"), "192.0.2.7:0", "", ""},
		"all of it":                           {lines(`for="192.0.2.7:80";proto=https;host=shop.example;by=10.0.0.1`), "192.0.2.7:80", "https", "shop.example"},
		"names in any case, space":            {lines(`For=192.0.2.7 ; PROTO=HTTPS;Host="a:1" `), "192.0.2.7:0", "https", "a:1"},
		"empty pairs":                         {lines(";;for=192.0.2.7;;proto=http;"), "192.0.2.7:0", "http", ""},
		"unknown parameters":                  {lines(`secret="a,b;c\"";for=192.0.2.7;x=y`), "192.0.2.7:0", "", ""},
		"IPv6":                                {lines(`for="[2001:db8::7]"`), "[2001:db8::7]:0", "", ""},
		"IPv6 with a port":                    {lines(`for="[2001:db8::7]:81"`), "[2001:db8::7]:81", "", ""},
		"a hidden port":                       {lines(`for="192.0.2.7:_web"`), "192.0.2.7:0", "", ""},
		"an address in needless quotes":       {lines(`for="192.0.2.7"`), "192.0.2.7:0", "", ""},
		"the rightmost":                       {lines("for=192.0.2.6;proto=https, for=192.0.2.7;proto=http"), "192.0.2.7:0", "http", ""},
		"over lines":                          {lines("for=192.0.2.6", "for=192.0.2.7, for=10.0.0.2"), "192.0.2.7:0", "", ""},
		"each element has its own":            {lines("for=192.0.2.7;proto=https;host=a, for=10.0.0.2;proto=http;host=b"), "192.0.2.7:0", "https", "a"},
		"or that of the next proxy":           {lines("for=192.0.2.7, for=10.0.0.2;proto=https;host=b"), "192.0.2.7:0", "https", "b"},
		"nothing left of the client":          {lines("for=1.1.1.1;proto=https;host=evil, for=192.0.2.7"), "192.0.2.7:0", "", ""},
		"all trusted: the leftmost":           {lines("for=10.0.0.4, for=10.0.0.3"), "10.0.0.4:0", "", ""},
		"unknown":                             {lines("for=192.0.2.7, for=unknown;proto=https"), "", "https", ""},
		"a hidden one":                        {lines("for=192.0.2.7, for=_gazonk;proto=https, for=10.0.0.2;proto=http"), "10.0.0.2:0", "https", ""},
		"no address":                          {lines("for=192.0.2.7, proto=https"), "", "https", ""},
		"a quote opened by the client":        {lines(`for="192.0.2.6, for=192.0.2.7;proto=https`), "192.0.2.7:0", "https", ""},
		"a quote opened on a line of its own": {lines(`for="192.0.2.6`, `for=192.0.2.7`), "192.0.2.7:0", "", ""},
		"an escaped quote by the client":      {lines(`for="\", for=192.0.2.7`), "192.0.2.7:0", "", ""},
		"a comma in quotes":                   {lines(`for=192.0.2.7, for=10.0.0.2;x="a, for=1.1.1.1"`), "192.0.2.7:0", "", ""},
		"quotes that end with a backslash":    {lines(`for=192.0.2.7, for=10.0.0.2;x=", \\"`), "192.0.2.7:0", "", ""},
		"a quote that stays open":             {lines(`for="192.0.2.7`), "", "", ""},
		"a parameter twice":                   {lines("for=192.0.2.7;for=192.0.2.8;proto=https"), "", "", ""},
		"a bad pair spoils the element":       {lines("for=192.0.2.7;proto"), "", "", ""},
		"but not those on the right":          {lines("for=192.0.2.7;=x, for=10.0.0.2;proto=https"), "10.0.0.2:0", "https", ""},
		"space around the equals sign":        {lines("for = 192.0.2.7"), "", "", ""},
		"an empty value":                      {lines("for="), "", "", ""},
		"an empty value, in quotes":           {lines(`for="";proto=https`), "", "https", ""},
		"something after the quotes":          {lines(`for="192.0.2.7"x`), "", "", ""},
		"a pair without a semicolon":          {lines("for=192.0.2.7 proto=https"), "", "", ""},
		"IPv6 without brackets":               {lines(`for="2001:db8::7"`), "", "", ""},
		"IPv6 without quotes":                 {lines("for=[2001:db8::7]"), "", "", ""},
		"a port without quotes":               {lines("for=192.0.2.7:80"), "", "", ""},
		"a scheme that is none":               {lines("for=192.0.2.7;proto=gopher"), "192.0.2.7:0", "", ""},
		"a host that is none":                 {lines(`for=192.0.2.7;host="a/b"`), "192.0.2.7:0", "", ""},
		"an escape is no part of a host":      {lines(`for=192.0.2.7;host="\a"`), "192.0.2.7:0", "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if tt.want == "" {
				tt.want = peer.String()
			}
			got := trust(t, "10.0.0.0/8").Resolve(peer, false, Fields{Forwarded: tt.field})
			assert.Equal(t, tt.want, netip.AddrPortFrom(got.Addr, got.Port).String())
			assert.Equal(t, tt.scheme, got.Scheme)
			assert.Equal(t, tt.host, string(got.Host))
		})
	}
}

func TestForwardedCountsOnlyWithoutXForwarded(t *testing.T) {
	forwarded := lines("for=192.0.2.1;proto=https;host=evil.example")
	tests := map[string]struct {
		fields Fields
		want   string
	}{
		"alone":                           {Fields{Forwarded: forwarded}, "192.0.2.1"},
		"beside X-Forwarded-For":          {Fields{Forwarded: forwarded, XForwardedFor: lines("192.0.2.7")}, "192.0.2.7"},
		"beside an empty X-Forwarded-For": {Fields{Forwarded: forwarded, XForwardedFor: lines("")}, "10.0.0.1"},
		"beside X-Forwarded-Proto":        {Fields{Forwarded: forwarded, XForwardedProto: lines("http")}, "10.0.0.1"},
		"beside X-Forwarded-Host":         {Fields{Forwarded: forwarded, XForwardedHost: lines("a")}, "10.0.0.1"},
		"beside X-Forwarded-Port":         {Fields{Forwarded: forwarded, XForwardedPort: lines("1")}, "10.0.0.1"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := trust(t, "10.0.0.1").Resolve(peer, false, tt.fields)
			assert.Equal(t, tt.want, got.Addr.String())
			if tt.want != "192.0.2.1" {
				assert.NotEqual(t, "https", got.Scheme)
				assert.NotEqual(t, "evil.example", string(got.Host))
			}
		})
	}
}

// all is a request in which every field lies.
func all() Fields {
	return Fields{
		Forwarded:       lines("for=1.1.1.1;proto=https;host=evil.example"),
		XForwardedFor:   lines("1.1.1.1"),
		XForwardedProto: lines("https"),
		XForwardedHost:  lines("evil.example"),
		XForwardedPort:  lines("1"),
	}
}

func TestPeersThatAreNotTrustedAreNotBelieved(t *testing.T) {
	tests := map[string]struct {
		list []string
		peer netip.AddrPort
		unix bool
		want Client
	}{
		"nobody is trusted":       {nil, peer, false, Client{Addr: peer.Addr(), Port: 4711}},
		"another one is":          {[]string{"10.0.0.2", "unix"}, peer, false, Client{Addr: peer.Addr(), Port: 4711}},
		"a unix socket's is not":  {[]string{"10.0.0.0/8"}, netip.AddrPort{}, true, Client{}},
		"mapped addresses unfold": {nil, netip.MustParseAddrPort("[::ffff:10.0.0.1]:1"), false, Client{Addr: peer.Addr(), Port: 1}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tt.want, trust(t, tt.list...).Resolve(tt.peer, tt.unix, all()))
		})
	}
}

func TestAUnixSocketsPeer(t *testing.T) {
	tr := trust(t, "unix")
	assert.Equal(t, "192.0.2.7", tr.Resolve(netip.AddrPort{}, true, Fields{XForwardedFor: lines("10.0.0.1, 192.0.2.7")}).Addr.String())
	assert.False(t, tr.Resolve(netip.AddrPort{}, true, Fields{XForwardedFor: lines("unix:")}).Addr.IsValid())
}

func TestEverybodyTrusted(t *testing.T) {
	got := trust(t, "*").Resolve(peer, false, Fields{XForwardedFor: lines("192.0.2.7, 192.0.2.8")})
	assert.Equal(t, "192.0.2.7", got.Addr.String())
}

func TestNoTrustCostsNothing(t *testing.T) {
	tr, fields := trust(t), all()
	assert.Zero(t, testing.AllocsPerRun(100, func() { tr.Resolve(peer, false, fields) }))
}

// FuzzResolve holds that the client is always one of those that could be believed, and that what stands left of the
// first address that is not trusted changes nothing.
func FuzzResolve(f *testing.F) {
	f.Add("192.0.2.7, 10.0.0.2", `for="[2001:db8::7]:1";proto=https`, "https", "a:1")
	f.Add(`"`, `for="\", x="`, ",", "[::1")
	f.Add("[::1]:80, fe80::1%x", `for=_x;;host=";";by=","`, "HTTPS ,http", "a, b")
	tr, everybody := trust(f, "10.0.0.0/8"), trust(f, "*")
	f.Fuzz(func(t *testing.T, xff, forwarded, proto, host string) {
		x := Fields{XForwardedFor: lines(xff), XForwardedProto: lines(proto), XForwardedHost: lines(host)}
		fwd := Fields{Forwarded: lines(forwarded)}
		for _, fields := range []Fields{x, fwd} {
			for _, tr := range []*Trust{tr, everybody} {
				got := tr.Resolve(peer, false, fields)
				require.True(t, got.Addr.IsValid())
				require.Empty(t, got.Addr.Zone())
				require.False(t, got.Addr.Is4In6())
				require.Contains(t, []string{"", "http", "https"}, got.Scheme)
				require.NotContains(t, string(got.Host), "/")
				require.NotContains(t, string(got.Host), "@")
			}
		}

		x.XForwardedFor = lines(xff + ", 192.0.2.7, 10.0.0.2")
		require.Equal(t, "192.0.2.7", tr.Resolve(peer, false, x).Addr.String())
		fwd.Forwarded = lines(forwarded + `, for="192.0.2.7:1";proto=http;host=a, for=10.0.0.2;proto=https`)
		want := Client{Addr: netip.MustParseAddr("192.0.2.7"), Port: 1, Scheme: "http", Host: []byte("a")}
		require.Equal(t, want, tr.Resolve(peer, false, fwd))
	})
}

func BenchmarkResolve(b *testing.B) {
	fields := Fields{XForwardedFor: lines("192.0.2.7"), XForwardedProto: lines("https")}
	for name, tr := range map[string]*Trust{"nobody trusted": trust(b), "one proxy": trust(b, "10.0.0.1")} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				tr.Resolve(peer, false, fields)
			}
		})
	}
}
