package admin

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"forebay/config"
)

const token = "0123456789abcdef"

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestWhoIsLetIn(t *testing.T) {
	open := &Entry{names: []string{"admin.example"}}
	guarded := &Entry{token: token}
	cookie := guarded.newCookie(noon.Add(time.Minute))
	cases := map[string]struct {
		entry *Entry
		visit visit
		want  error
	}{
		"an address":                     {open, visit{host: "127.0.0.1:9000"}, nil},
		"an address without a port":      {open, visit{host: "127.0.0.1"}, nil},
		"an address of IPv6":             {open, visit{host: "[::1]:9000"}, nil},
		"one without a port":             {open, visit{host: "[::1]"}, nil},
		"localhost":                      {open, visit{host: "localhost:9000"}, nil},
		"its own name":                   {open, visit{host: "ADMIN.example:9000"}, nil},
		"another name":                   {open, visit{host: "evil.example"}, errHost},
		"a name that begins so":          {open, visit{host: "127.0.0.1.evil.example"}, errHost},
		"a name that ends so":            {open, visit{host: "notlocalhost:80"}, errHost},
		"no name":                        {open, visit{}, errHost},
		"no name in the file system":     {open, visit{local: true}, nil},
		"an order without the field":     {open, visit{host: "localhost", order: true}, errHeader},
		"an order with it":               {open, visit{host: "localhost", order: true, marked: true}, nil},
		"an order to another name":       {open, visit{host: "evil.example", order: true, marked: true}, errHost},
		"an order in the file system":    {open, visit{local: true, order: true}, errHeader},
		"a token that nobody asks for":   {open, visit{host: "evil.example", bearer: token}, errHost},
		"an empty cookie":                {open, visit{host: "evil.example", cookie: open.newCookie(noon.Add(time.Hour))}, errHost},
		"no token":                       {guarded, visit{host: "localhost"}, errToken},
		"the wrong one":                  {guarded, visit{host: "localhost", bearer: token + "0"}, errToken},
		"the token":                      {guarded, visit{host: "localhost", bearer: token}, nil},
		"the token at another name":      {guarded, visit{host: "forebay.cluster:9000", bearer: token}, nil},
		"an order with the token":        {guarded, visit{bearer: token, order: true}, nil},
		"the cookie":                     {guarded, visit{host: "admin.cluster", cookie: cookie}, nil},
		"an order with the cookie alone": {guarded, visit{cookie: cookie, order: true}, errHeader},
		"an order with both":             {guarded, visit{cookie: cookie, order: true, marked: true}, nil},
		"a cookie of the past":           {guarded, visit{cookie: guarded.newCookie(noon)}, errToken},
		"one of another token":           {guarded, visit{cookie: (&Entry{token: "x"}).newCookie(noon.Add(time.Hour))}, errToken},
		"one that was made longer":       {guarded, visit{cookie: "9" + cookie}, errToken},
		"half a cookie":                  {guarded, visit{cookie: "1795435260"}, errToken},
		"the token as a cookie":          {guarded, visit{cookie: token}, errToken},
		"no token in the file system":    {guarded, visit{local: true}, errToken},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.want, c.entry.admit(&c.visit, noon))
		})
	}
}

func TestNamesOfTheListener(t *testing.T) {
	for address, want := range map[string][]string{"Admin.local:9000": {"admin.local"}, ":9000": {""}, "unix:/run/admin": nil} {
		entry, err := EntryOf(config.Admin{Listen: address})
		assert.NoError(t, err)
		assert.Equal(t, want, entry.names, address)
	}
}

func TestCookiesOfTwoPortsAreTwo(t *testing.T) {
	assert.Equal(t, "forebay_admin_9000", cookieName(&net.TCPAddr{IP: net.IPv6loopback, Port: 9000}))
	assert.Equal(t, "forebay_admin", cookieName(&net.UnixAddr{Name: "/run/admin"}))
}
