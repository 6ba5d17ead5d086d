package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"reflect"
	"strings"
)

// Admin is about the listener for operators: state, metrics, reload and stop.
type Admin struct {
	// Listen is its address: HOST:PORT, [IPV6]:PORT or unix:PATH, whose file is for its owner alone. Empty means that there
	// is none.
	Listen string `key:"admin"`
	// Token is what a client has to know. Empty means that none is asked for, which is in order only where nobody else can
	// connect, or with ClientCA.
	Token string `key:"admin_token"`
	// Cert and Key are the files of the listener's certificate, with its chain, and of its key, in PEM. Empty means no TLS.
	Cert string `key:"admin_cert"`
	Key  string `key:"admin_key"`
	// ClientCA is the file of the authorities, in PEM, one of which must have signed a client's certificate. Empty means that
	// none is asked for.
	ClientCA string `key:"admin_client_ca"`
}

// leastToken is the length of the shortest token that is taken, in bytes: one that can be guessed is none.
const leastToken = 16

func (a Admin) check(faults *Faults) {
	faults.check("admin_cert", a.Cert, checkFile)
	faults.check("admin_key", a.Key, checkFile)
	faults.check("admin_client_ca", a.ClientCA, checkFile)
	faults.check("admin_token", a.Token, checkToken)
	if a.Listen == "" {
		return
	}
	faults.demand("admin_cert", a.Cert, "admin_key", a.Key)
	faults.demand("admin_key", a.Key, "admin_cert", a.Cert)
	faults.demand("admin_client_ca", a.ClientCA, "admin_cert", a.Cert)
	bind, err := ParseBind(a.Listen)
	switch {
	case err != nil:
		faults.add("admin", Origin{}, "%v", err)
	case bind.Network == "fd":
		faults.add("admin", Origin{}, "want HOST:PORT, [IPV6]:PORT or unix:PATH, not %q", a.Listen)
	case !bind.IsPrivate() && a.Token == "" && a.ClientCA == "":
		faults.add("admin", Origin{}, "want admin_token or admin_client_ca where others can connect, as to %q; or 127.0.0.1 or unix:PATH", a.Listen)
	}
}

// demand adds that a key without the other one is of no use.
func (f *Faults) demand(key, value, other, otherValue string) {
	if value != "" && otherValue == "" {
		*f = append(*f, Fault{Key: key, Text: "want " + other + " beside it", with: other})
	}
}

// IsPrivate reports whether only this machine's users, or only ours, can connect. An abstract socket has no file that says
// who may (unix(7)), and a name may come to mean another address.
func (b Bind) IsPrivate() bool {
	if b.Network == "unix" {
		return !strings.HasPrefix(b.Address, "@")
	}
	host, _, err := net.SplitHostPort(b.Address)
	if err != nil {
		return false
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// checkToken takes what can stand in a field of HTTP as it is (RFC 6750, section 2.1).
func checkToken(token string) error {
	if len(token) < leastToken {
		return fmt.Errorf("want at least %d bytes", leastToken)
	}
	if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r >= 0x7F }) {
		return errors.New("want visible characters of ASCII, and no space")
	}
	return nil
}

// formatToken hides it: configurations are shown to others.
func formatToken(value reflect.Value) string {
	if value.String() == "" {
		return ""
	}
	return strings.Repeat("x", leastToken)
}
